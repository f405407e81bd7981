"""Whether a process is running, on Unix."""

import sys

assert sys.platform != "win32"

import contextlib
import os
from pathlib import Path


def prevent_pid_reuse(_: object) -> contextlib.AbstractContextManager[None]:
    """Do nothing: Unix offers no way to reserve a process ID, but is slow to reuse one."""
    return contextlib.nullcontext()


def is_alive(pid: int) -> bool:
    """See alive.is_running."""
    with contextlib.suppress(PermissionError):  # it is another user's, and running
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return sys.platform != "linux"
    return state not in b"ZX"
