"""Whether a process still runs, on Unix."""

import sys

assert sys.platform != "win32"

import contextlib
import os
from pathlib import Path


def kept(_: object) -> contextlib.AbstractContextManager[None]:
    """Have no other process get the number of this one: nothing can be done, and it takes long."""
    return contextlib.nullcontext()


def is_alive(pid: int) -> bool:
    """See alive.lives."""
    with contextlib.suppress(PermissionError):  # it is another user's, and lives
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return sys.platform != "linux"
    return state not in b"ZX"
