"""A Model Context Protocol server for coding agents; needs the package `mcp`.

arguments  read what a model passes to a tool
follower   tells subscribers of the resource of each batch of changes
server     the tools and the resource
"""
