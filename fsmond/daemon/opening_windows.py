"""Open a file for writing on Windows, such that others may remove or rename it meanwhile."""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os

_SHARED = 1 | 2 | 4  # FILE_SHARE_READ, _WRITE and _DELETE; the C library leaves the last one out
_OPEN_ALWAYS = 4


def opener(path: str, flags: int) -> int:
    """Return a descriptor for appending: for `open`."""
    handle = _winapi.CreateFile(path, _winapi.GENERIC_WRITE, _SHARED, 0, _OPEN_ALWAYS, 0, 0)
    return msvcrt.open_osfhandle(handle, flags & os.O_APPEND)
