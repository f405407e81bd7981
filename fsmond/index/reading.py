"""Look at a directory as it is now."""

import os
import stat
from array import array
from collections.abc import Container
from typing import NamedTuple

from fsmond.index.record import DIRECTORY, FILE, FLAGS, LINK, LINKED, OTHER, RACY, pack
from fsmond.index.status import Status, scan

_SECOND = 1_000_000_000  # nanoseconds
_FINE = 20_000_000  # nanoseconds; a tick of the clock that stamps files takes 10 at most
COARSE = 2_100_000_000  # nanoseconds; of file systems that count whole seconds, or every other
_OF_TYPE = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFDIR: DIRECTORY}

Identity = tuple[int, int]
"""Device and inode."""


class Seen(NamedTuple):
    """What was found in a directory."""

    record: bytes
    directories: dict[bytes, Identity]
    """By name, each with its `/`."""
    recent: list[bytes]
    """The names of what, but directories, may have changed after `since`."""
    is_ahead: bool
    """Something has a time that is still to come."""


def read(handle: int | str, own: Status, now: int, since: int, hidden: Container[str]) -> Seen:
    """Look at an open directory, but for the names in `hidden`.

    `now` is the time, in nanoseconds since the epoch, before this was called, and `own` what was
    known of the directory itself after that.  Raises OSError.
    """
    names: list[str] = []
    signatures, inodes = array("q"), array("I")
    directories: dict[bytes, Identity] = {}
    recent: list[bytes] = []
    young, future = min(now, since) - COARSE, now + COARSE
    is_ahead = own.st_ctime_ns > future
    with scan(handle) as entries:
        for entry in entries:
            name = entry.name
            if name in hidden:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since it was listed
            mode, inode = status.st_mode, status.st_ino
            kind = _OF_TYPE.get(mode & 0o170000, OTHER)
            if kind == DIRECTORY:
                name += "/"
                directories[os.fsencode(name)] = status.st_dev, inode
                content = hash((mode, status.st_dev, inode))
            else:
                changed = status.st_ctime_ns
                content = hash((status.st_mtime_ns, changed, status.st_size, inode, mode))
                if changed > young or status.st_nlink > 1:
                    kind |= _flags(status, now)
                    is_ahead = is_ahead or changed > future
                    if may_be_after(changed, since):
                        recent.append(os.fsencode(name))
            names.append(name)
            signatures.append(content & ~FLAGS | kind)
            inodes.append(inode & 0xFFFFFFFF)
    record = pack(os.fsencode("\0".join(names)), signatures, inodes, _times(own, now))
    return Seen(record, directories, recent, is_ahead)


def _times(own: Status, now: int) -> int:
    content = hash((own.st_mtime_ns, own.st_ctime_ns))
    return content & ~FLAGS | (RACY if may_be_after(own.st_ctime_ns, now) else 0)


def _flags(status: Status, now: int) -> int:
    racy = RACY if may_be_after(status.st_ctime_ns, now) else 0
    return racy | (LINKED if status.st_nlink > 1 else 0)


def may_be_after(stamp: int, moment: int) -> bool:
    """Say whether a change at that moment, or later, could have left this time behind."""
    return stamp > moment - (_FINE if stamp % _SECOND else COARSE)
