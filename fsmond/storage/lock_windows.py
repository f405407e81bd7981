"""Lock a folder on Windows, by a file in it that only one process can open."""

import sys

assert sys.platform == "win32"

import _winapi
import os

_SHARE_DELETE = 4  # so that the folder can be removed
_OPEN_ALWAYS = 4
_SHARING_VIOLATION = 32


def lock(path: str) -> int | None:
    """Lock the file, which is created; return what to `unlock`, or None if another process has it.

    Raise OSError if it cannot be opened.
    """
    try:
        return _winapi.CreateFile(path, _winapi.GENERIC_WRITE, _SHARE_DELETE, 0, _OPEN_ALWAYS, 0, 0)
    except OSError as error:
        if error.winerror == _SHARING_VIOLATION:
            return None
        raise


def unlock(handle: int) -> None:
    """Free what `lock` returned."""
    _winapi.CloseHandle(handle)


def is_held(handle: int, path: str) -> bool:  # noqa: ARG001 - a handle needs no check
    """Return whether the locked file is still at `path`: no other process can make another."""
    return os.path.lexists(path)
