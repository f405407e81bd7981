"""Lock a folder on Windows, by a file in it that only one process can open for writing."""

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os

_SHARED = 1 | 4  # FILE_SHARE_READ and _DELETE, so that the folder can be copied and removed
_OPEN_ALWAYS = 4
_SHARING_VIOLATION = 32


def lock(path: str) -> int | None:
    """Lock the file, which is created; return what to `unlock`, or None if another process has it.

    Raise OSError if it cannot be opened.
    """
    try:
        handle = _winapi.CreateFile(path, _winapi.GENERIC_WRITE, _SHARED, 0, _OPEN_ALWAYS, 0, 0)
    except OSError as error:
        if error.winerror == _SHARING_VIOLATION:
            return None
        raise
    return msvcrt.open_osfhandle(handle, os.O_NOINHERIT)


def unlock(descriptor: int) -> None:
    """Free what `lock` returned."""
    os.close(descriptor)


def is_held(descriptor: int, path: str) -> bool:
    """Return whether the locked file is still at `path`, so that no other process can lock it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except OSError:
        return False
