"""Read a directory as it is now."""

import os
import stat
from array import array
from collections.abc import Container
from typing import NamedTuple

from fsmond.index.record import DIRECTORY, FILE, FLAGS, LINK, LINKED, OTHER, RACY, pack
from fsmond.index.status import Status, scan

_SECOND = 1_000_000_000  # nanoseconds
_FINE = 20_000_000  # nanoseconds; a tick of the clock for file times is 10 ms at most
COARSE = 2_100_000_000  # nanoseconds; for file systems with times in steps of one or two seconds
_CONTENT = ~FLAGS
_OF_TYPE = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFDIR: DIRECTORY}

Identity = tuple[int, int]
"""Device and inode."""


class Snapshot(NamedTuple):
    """What a directory contained when it was read."""

    record: bytes
    directories: dict[bytes, Identity]
    """The subdirectories by name; each name ends in `/`."""
    recent: list[bytes]
    """The names that may have changed after `since`, without directories."""
    has_future_times: bool
    """Whether something has a time in the future."""
    device: int
    """The device that the directory is on."""


class Moment(NamedTuple):
    """When a directory is read, in nanoseconds since the epoch."""

    now: int
    """A time before."""
    since: int
    """The time after which changes matter."""
    fine_device: int | None = None
    """The device on which what was looked at gets another time at its next change."""

    def is_fine(self, status: Status) -> bool:
        """Return whether a change of this file after this look leaves another time.

        That says nothing of another file in its place: its times were not looked at.
        """
        is_exact = status.st_dev == self.fine_device and status.st_ctime_ns <= self.now
        return is_exact and status.st_ctime_ns % _SECOND != 0  # else it is kept in seconds


def read(handle: int | str, own: Status, moment: Moment, excluded: Container[str]) -> Snapshot:
    """Read an open directory, without the names in `excluded`.

    `own` is the status of the directory itself, taken after the moment's `now`.  Raise OSError.
    """
    now, since, _ = moment
    names: list[str] = []
    signatures, inodes = array("q"), array("I")
    directories: dict[bytes, Identity] = {}
    recent: list[bytes] = []
    kind_of = _OF_TYPE.get
    recent_from, future = min(now, since) - COARSE, now + COARSE
    has_future_times = own.st_ctime_ns > future
    is_fine = True
    with scan(handle) as entries:
        for entry in entries:
            name = entry.name
            if name in excluded:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since it was listed
            mode, inode = status.st_mode, status.st_ino
            kind = kind_of(mode & 0o170000, OTHER)
            if kind == DIRECTORY:
                name += "/"
                directories[os.fsencode(name)] = status.st_dev, inode
                # The number of a device may change when the system is restarted.
                device = 0 if status.st_dev == own.st_dev else status.st_dev
                content = hash((mode, device, inode))
            else:
                changed = status.st_ctime_ns
                content = hash((status.st_mtime_ns, changed, status.st_size, inode, mode))
                if changed > recent_from or status.st_nlink > 1:
                    kind |= _flags(status, now)
                    is_fine = is_fine and (not kind & RACY or moment.is_fine(status))
                    has_future_times = has_future_times or changed > future
                    if may_be_after(changed, since):
                        recent.append(os.fsencode(name))
            names.append(name)
            signatures.append(content & _CONTENT | kind)
            inodes.append(inode & 0xFFFFFFFF)
    record = pack(os.fsencode("\0".join(names)), signatures, inodes, _times(own, moment), is_fine)
    return Snapshot(record, directories, recent, has_future_times, own.st_dev)


def _times(own: Status, moment: Moment) -> int:
    content = hash((own.st_mtime_ns, own.st_ctime_ns))
    return content & ~FLAGS | (
        RACY if may_be_after(own.st_ctime_ns, moment.now) and not moment.is_fine(own) else 0
    )


def _flags(status: Status, now: int) -> int:
    racy = RACY if may_be_after(status.st_ctime_ns, now) else 0
    return racy | (LINKED if status.st_nlink > 1 else 0)


def may_be_after(stamp: int, moment: int) -> bool:
    """Return whether a change at that moment, or later, could have left this time stamp."""
    return stamp > moment - (_FINE if stamp % _SECOND else COARSE)
