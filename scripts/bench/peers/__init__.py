"""Who is measured beside fsmond, and how each is started and queried.

bser             Watchman's binary encoding BSER, in which paths are bytes
clients          clients that query a daemon: over its socket, from Python, as a whole process
daemons          fsmond and git's daemon, started and queried in the same way
git_setups       the configurations of git that are measured, each with a worktree of its own
ipc_peers        servers and clients that `ipc` is compared with
libraries        watchdog and watchfiles, each in a process of its own
library_process  the program of such a process
programs         run programs in a clean environment, and time them
watchman         Watchman: a server for each tree, queried over its socket
"""
