"""Windows and macOS: the platform's own events, which arrive later than the changes.

aliases_windows        resolve the short (8.3) names of files on Windows
cookies                cookie files: when a cookie's event arrives, all earlier events have arrived
directory_registry     the known directories of a tree
event_handler          interpret native events: which paths changed, which directories there are
event_support_windows  where Windows does not report all changes
fsevents               the source of events on macOS: FSEvents, on watchdog's event thread
fsevents_flags         interpret the flags of FSEvents
listing                list a directory, and find its inode
reading_windows        read a directory's changes on Windows, over watchdog's bindings
source                 the interface between a platform's source of events and the watcher
watcher                watch a tree by the platform's own events
windows                the source of events on Windows: ReadDirectoryChangesW
"""
