"""What is remembered of one file."""

import os
import stat
from typing import NamedTuple


class Entry(NamedTuple):
    """A file of any type, as it was when it was looked at; of one that is gone, what it was."""

    path: bytes
    """Relative to the root of the tree, without a final slash."""
    exists: bool
    mode: int
    """Of `lstat`, as all that follows; times in nanoseconds."""
    size: int
    mtime: int
    ctime: int
    ino: int
    dev: int
    nlink: int
    uid: int
    gid: int
    changed: int
    """The tick at which it was last seen to have changed."""
    created: int
    """The tick at which it was seen to be there, after it had not been."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, or was one."""
        return stat.S_ISDIR(self.mode)

    def is_as(self, other: "Entry") -> bool:
        """Return whether the other one was the same when it was looked at."""
        return self[:11] == other[:11]


def entry_of(path: bytes, status: os.stat_result, changed: int, created: int) -> Entry:
    """Return the entry of a file that was looked at."""
    # Without Entry's own `__new__`: this is called for each file of a tree.
    return tuple.__new__(
        Entry,
        (
            path,
            True,
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
            status.st_dev,
            status.st_nlink,
            status.st_uid,
            status.st_gid,
            changed,
            created,
        ),
    )


def gone(entry: Entry, changed: int) -> Entry:
    """Return the entry of a file that is gone."""
    return entry._replace(exists=False, changed=changed)


def unknown(path: bytes, changed: int) -> Entry:
    """Return the entry of a file of which nothing is known but that it is gone."""
    mode = stat.S_IFREG | 0o644
    return Entry(path, False, mode, 0, 0, 0, 0, 0, 0, 0, 0, changed, 0)
