"""What the flags of FSEvents say.

Those of one path add up for a while, so each says only that it was so once: whether something came
or went, what is there now has to tell.
"""

from fsmond.watching.happening import Happening, Kind

# As FSEvents.h of macOS has them.
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
    """Say whether events are missing."""
    return bool(flags & _LOST)


def is_root(flags: int) -> bool:
    """Say whether it is about the root, or a directory above it."""
    return bool(flags & ROOT_CHANGED)


def happening(path: bytes, flags: int) -> Happening:
    """Return what an event tells of a path."""
    if flags & (IS_DIRECTORY | MOUNT | UNMOUNT):
        return Happening(path, Kind.MOVED if flags & _MOVED else Kind.CAME, is_directory=True)
    if flags & (IS_FILE | IS_LINK):
        return Happening(path, Kind.CHANGED if not flags & _CAME else Kind.CAME, is_directory=False)
    return Happening(path, Kind.MOVED)
