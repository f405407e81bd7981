"""A lock between processes, by a file that one of them holds."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_NAP = 0.01  # seconds between two tries


@contextlib.contextmanager
def held(path: Path, deadline: float) -> Iterator[None]:
    """Hold the lock, which ends with this process at the latest.

    Raises TimeoutError if it is not to be had by `deadline`, in seconds of time.monotonic; OSError
    if there can be no such file.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process holds {path}")
            time.sleep(_NAP)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
