"""Leave everything of the parent's behind: its terminal, descriptors, directory, and itself."""

import contextlib
import os
import sys
from pathlib import Path

READY = b"ready\n"
"""What a daemon says when it answers; anything else is why it does not."""


def detach() -> None:
    """Go on in a process that is nobody's child, in a session of its own.

    Standard output stays, for `release` to tell the parent what became of us.
    """
    if sys.platform != "win32":
        if os.fork():
            os._exit(0)
        os.setsid()
    os.chdir("/")


def release(message: bytes) -> None:
    """Tell the parent, and let go of the last that was its own."""
    with contextlib.suppress(OSError):  # it may be gone, or have lost its patience
        os.write(1, message)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


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
