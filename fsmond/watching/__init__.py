"""Where changes come from.

fsmond.watching.contract   what every watcher promises
fsmond.watching.inotify    Linux: the kernel's queue, read by us
fsmond.watching.events     what those events tell
fsmond.watching.coverage   which directory each watch descriptor is now
fsmond.watching.opening    open a directory by the path it had, and see whether it is still there
fsmond.watching.gaps       the directories of which events tell nothing
fsmond.watching.listing    what is in a directory, and whether there is one
fsmond.watching.directory  a watched directory, and its place among the others
fsmond.watching.calls      the system calls of inotify
fsmond.watching.mounts     which file systems there are in a tree, and which tell of changes
fsmond.watching.filesystems  the same where there is no list of them
fsmond.watching.native     by a platform's own events, which come late
fsmond.watching.cookies    how one waits for them
fsmond.watching.digest     what they mean
fsmond.watching.known      the directories that are known from them
fsmond.watching.happening  what all their sources tell
fsmond.watching.windows    Windows: one of those sources
fsmond.watching.reading_windows  the system calls that it needs
fsmond.watching.aliases_windows  the long name of what is told by its short one
fsmond.watching.doubts_windows   why its events may not tell all
fsmond.watching.fsevents   macOS: another one
fsmond.watching.fsevents_flags   what its flags say
fsmond.watching.scanning   a watcher without events, where there are none
fsmond.watching.limits     what to do when inotify's limits are too low
fsmond.watching.choice     the watcher for the platform this runs on
"""
