"""Linux: fsmond reads the kernel's event queue itself.

calls            the system calls of inotify, over watchdog's bindings and constants
coverage         keep track of which directory each watch descriptor stands for
directory        a watched directory, and its place in the tree
emitter          watch a tree on Linux: reading the kernel's queue is the barrier
events           interpret the kernel's events: which paths changed, and which places to check
filesystems      find the file system of a directory if the list of mounts is of no help
gaps             the directories of a watched tree that events do not cover
listing_process  a second process that watches and lists directories, on another processor
mounts           which file systems are mounted in a tree: some do not report others' changes
new_directories  watch directories of which nothing is known yet
opening          open a directory at its last known path, and verify that it is still there
shared_listings  share the listings of a tree that is being covered with another process
source           what a source of the kernel's events does: inotify, fanotify, or both
"""
