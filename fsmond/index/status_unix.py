"""What Unix knows of a file: all that is needed, at once."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

Status = os.stat_result
lstat = os.lstat


def scan(handle: str | int) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
    """List an open directory."""
    return os.scandir(handle)


def stat(handle: str | int) -> Status:
    """Return what is known of an open directory itself."""
    return os.stat(handle)
