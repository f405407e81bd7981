"""Open files on Windows so that others can remove, rename or replace them while they are open."""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os

_SHARED = 1 | 2 | 4  # FILE_SHARE_READ, _WRITE and _DELETE; the C library leaves the last one out
_OPEN_ALWAYS = 4


def to_read(path: str | bytes, flags: int) -> int:
    """Return a descriptor: an opener for `open`, and a replacement for `os.open`."""
    return _opened(path, _winapi.GENERIC_READ, _winapi.OPEN_EXISTING, flags)


def to_append(path: str, flags: int) -> int:
    """Return a descriptor of a file, and create the file if it is missing: an opener for `open`."""
    return _opened(path, _winapi.GENERIC_WRITE, _OPEN_ALWAYS, flags & os.O_APPEND)


def _opened(path: str | bytes, access: int, how: int, flags: int) -> int:
    handle = _winapi.CreateFile(os.fsdecode(path), access, _SHARED, 0, how, 0, 0)
    return msvcrt.open_osfhandle(handle, flags)
