"""Where changes come from.

choice    the watcher for this platform and this file system
contract  what every watcher guarantees, and the sink that it reports to
limits    error messages for inotify limits that are too low
scanning  a watcher without events: the whole tree is compared for each query
inotify   Linux: fsmond reads the kernel's event queue itself
fanotify  Linux: a second source of events, with limits of its own
native    Windows and macOS: the platform's own events, which arrive later than the changes
"""
