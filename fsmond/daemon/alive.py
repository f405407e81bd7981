"""Whether a process still runs."""

import contextlib
import os
import sys
from pathlib import Path


def lives(pid: object) -> bool:
    """Say whether the process still runs; one that ended, but was not yet reaped, does not."""
    if sys.platform == "win32" or not isinstance(pid, int):
        return False
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
