"""How a daemon's process is started, found, locked and ended.

alive          whether a process is running
alive_unix     the Unix implementation of `alive`
alive_windows  the Windows implementation of `alive`
attempts       starts in the background, and the back-off after a failed one
detach         detach the daemon's process from its parent
fork_unix      start the daemon's process by forking this one
launch         return when a daemon answers; start it if none does
lock           a lock between processes: only one at a time starts a tree's daemon
lock_unix      the Unix implementation of `lock`
lock_windows   the Windows implementation of `lock`
socket_owner   find out which daemon owns a tree's socket, and stop it
spawn          start the daemon's process
spawn_unix     start any process on Unix
spawn_windows  start any process on Windows
standard_streams  replace standard descriptors that are closed
"""
