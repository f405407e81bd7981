"""Watchman's queries: which files, and what is told of each.

fields         what is told of a file
globs          patterns of names
hashes         the hashes of files' contents
run            carry out a query
specification  read what a client asks
terms          which files an expression selects
"""
