"""Interpret the flags of FSEvents.

The flags of a path accumulate for a while, so each only says that something was so once: whether
the path appeared or disappeared shows only in the tree.
"""

from fsmond.watching.native.source import Kind, NativeEvent

# As in FSEvents.h of macOS.
MUST_SCAN = 0x1
USER_DROPPED = 0x2
KERNEL_DROPPED = 0x4
IDS_WRAPPED = 0x8
HISTORY_DONE = 0x10
ROOT_CHANGED = 0x20
MOUNT = 0x40
UNMOUNT = 0x80
CREATED = 0x100
REMOVED = 0x200
META = 0x400
RENAMED = 0x800
MODIFIED = 0x1000
IS_FILE = 0x10000
IS_DIRECTORY = 0x20000
IS_LINK = 0x40000

_LOST = MUST_SCAN | USER_DROPPED | KERNEL_DROPPED | IDS_WRAPPED
_CAME = CREATED | REMOVED | RENAMED
_MOVED = RENAMED | MOUNT | UNMOUNT


def is_lost(flags: int) -> bool:
    """Return whether events are missing."""
    return bool(flags & _LOST)


def is_root(flags: int) -> bool:
    """Return whether the event is about the root, or a directory above it."""
    return bool(flags & ROOT_CHANGED)


def to_event(path: bytes, flags: int) -> NativeEvent:
    """Convert an event of FSEvents."""
    if flags & (IS_DIRECTORY | MOUNT | UNMOUNT):
        return NativeEvent(path, Kind.MOVED if flags & _MOVED else Kind.APPEARED, is_directory=True)
    if flags & (IS_FILE | IS_LINK):
        return NativeEvent(
            path, Kind.CHANGED if not flags & _CAME else Kind.APPEARED, is_directory=False
        )
    return NativeEvent(path, Kind.MOVED)
