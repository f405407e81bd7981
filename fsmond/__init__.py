"""A daemon that reports which paths under a directory changed since the last query, and a client.

client            the client for Python programs
diagnosis         error messages about a daemon that does not answer
entry_point       the command `fsmond`
errors            the exceptions of the client
exchange          one request and its answer over a tree's socket
files_windows     `lstat` and `scandir` for Windows, used by the index and the watcher
folders           folders that are private to this user
isolation         from where a process may import modules
opening_windows   files opened on Windows without blocking others; for logs and Git's files
printable         text without control characters, for terminals and logs
protocol          requests and answers, as bytes and as values
rendezvous        find a tree's root and its daemon's socket
standard_streams  replace standard descriptors that are closed
cli               the command line
daemon            the process that serves a monitor
git               all that fsmond knows about Git
index             the recorded state of a tree, and how it differs from the tree now
journal           what changed since when: pure bookkeeping, without I/O, clocks or threads
monitor           the history of one tree
process           start, find, lock and stop a daemon's process
storage           a history on disk
watching          where changes come from
"""

__version__ = "0.1.0"
