"""A server for Watchman's clients: it speaks their protocol, and asks fsmond's daemons.

errors         the errors that a client is told
files          write a file as a whole, or not at all
launch         start the server in the background, and end it
places         where the server is, what it stores, and the `watchman` command that clients find
program        the command `watchman`, as clients call it
query          which files, and what is told of each
serving        clients and their commands
trees          what is remembered of a directory, and its clock
watches        who wants to know of a directory's changes
wire           values and their bytes
"""
