"""Whether a process is running, on Windows."""

import sys

assert sys.platform == "win32"

import _winapi
import contextlib
from collections.abc import Iterator

_MAX_PID = 2**32 - 1


@contextlib.contextmanager
def prevent_pid_reuse(pid: object) -> Iterator[None]:
    """Keep a handle of the process open: without one, Windows soon reuses its process ID."""
    try:
        handle = _open(pid) if isinstance(pid, int) else 0
    except OSError:
        handle = 0
    try:
        yield
    finally:
        if handle:
            _winapi.CloseHandle(handle)


def is_alive(pid: int) -> bool:
    """See alive.is_running."""
    try:
        handle = _open(pid)
    except PermissionError:
        return True  # it is another user's
    except OSError:
        return False
    try:
        return _winapi.WaitForSingleObject(handle, 0) == _winapi.WAIT_TIMEOUT
    finally:
        _winapi.CloseHandle(handle)


def _open(pid: int) -> int:
    if not 0 < pid <= _MAX_PID:
        raise ProcessLookupError(f"{pid} is not a process ID")
    return _winapi.OpenProcess(_winapi.SYNCHRONIZE, False, pid)
