"""Linux: a second source of events, with limits of its own.

calls    the system calls of fanotify
emitter  watch a tree by fanotify, or by it where inotify's watches run out
queue    what inotify's queue does, by fanotify
records  what fanotify reports, in the form in which inotify does
spare    inotify's queue, and fanotify's for what has no room there
"""
