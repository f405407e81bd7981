"""What Unix knows of a file, by one system call."""

import sys

assert sys.platform != "win32"

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

_STEP = 4000  # bytes of a path that are resolved at a time; Linux accepts 4095

Status = os.stat_result


def lstat(path: bytes) -> Status:
    """Return the status of a file, by a path of any length; do not follow links."""
    try:
        return os.lstat(path)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or len(path) <= _STEP:
            raise
    return _lstat_long_path(path)


def _lstat_long_path(path: bytes) -> Status:
    start = None
    try:
        while len(path) > _STEP:
            at = path.rindex(b"/", 0, _STEP) + 1
            step = os.open(path[:at], os.O_RDONLY | os.O_DIRECTORY, dir_fd=start)
            if start is not None:
                os.close(start)
            path, start = path[at:], step
        return os.lstat(path, dir_fd=start)
    finally:
        if start is not None:
            os.close(start)


def scan(handle: str | int) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
    """List an open directory."""
    return os.scandir(handle)


def stat(handle: str | int) -> Status:
    """Return the status of an open directory itself."""
    return os.stat(handle)
