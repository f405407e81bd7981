"""Open a file for reading on Windows, such that Git may replace it meanwhile."""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os

_SHARED = 1 | 2 | 4  # FILE_SHARE_READ, _WRITE and _DELETE; the C library leaves the last one out


def opener(path: str | bytes, flags: int) -> int:
    """Return a descriptor: for `open`, and in the place of `os.open`."""
    handle = _winapi.CreateFile(
        os.fsdecode(path), _winapi.GENERIC_READ, _SHARED, 0, _winapi.OPEN_EXISTING, 0, 0
    )
    return msvcrt.open_osfhandle(handle, flags)
