"""The daemon's process: it serves the history of one tree to clients.

clients                   which clients may get exact answers: by tree and mount namespace
end_signals               the signals that end a daemon
health                    whether there is still a tree to watch, and somebody who asks
history                   where the history is stored, and whether it can be
lifecycle                 a daemon's life, from its start to its end
log                       the daemon's log
main                      the first code of the daemon's process
memory                    return freed memory to the system
parts                     make the parts of a daemon, as its tree, Git and the settings demand
pseudo_filesystems_linux  directories without real files, such as `/proc`
requests                  what clients ask, and the answers
settings                  the daemon's settings, from the environment
views                     contracts for finding a client's mount namespace
views_linux               the mount namespaces of processes, on Linux
"""
