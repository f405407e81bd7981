"""Clients and their commands.

capabilities    what this server can do, by the names that clients ask for
commands        Watchman's commands
connection      one client: its requests, and the messages of its subscriptions
legacy          the older forms of commands, for a shell
listen_unix     a Unix socket that clients connect to
listen_windows  a named pipe that clients connect to
listening       where clients connect to
logs            where the server logs
server          the process that serves clients
"""
