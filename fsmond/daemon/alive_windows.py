"""Whether a process still runs, on Windows."""

import sys

assert sys.platform == "win32"

import _winapi
import contextlib
from collections.abc import Iterator

_MOST = 2**32 - 1  # what is a number of a process fits into


@contextlib.contextmanager
def kept(pid: object) -> Iterator[None]:
    """Have no other process get the number of this one: it soon would, were no handle open."""
    try:
        handle = _opened(pid) if isinstance(pid, int) else 0
    except OSError:
        handle = 0
    try:
        yield
    finally:
        if handle:
            _winapi.CloseHandle(handle)


def is_alive(pid: int) -> bool:
    """See alive.lives."""
    try:
        handle = _opened(pid)
    except PermissionError:
        return True  # it is another user's
    except OSError:
        return False
    try:
        return _winapi.WaitForSingleObject(handle, 0) == _winapi.WAIT_TIMEOUT
    finally:
        _winapi.CloseHandle(handle)


def _opened(pid: int) -> int:
    if not 0 < pid <= _MOST:
        raise ProcessLookupError(f"{pid} is no process")
    return _winapi.OpenProcess(_winapi.SYNCHRONIZE, False, pid)
