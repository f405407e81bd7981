"""A lock between processes: of those who would start a tree's daemon, one does."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

_NAP = 0.01  # seconds between two tries


@contextlib.contextmanager
def held(directory: bytes, deadline: float) -> Iterator[None]:
    """Hold the lock of a directory, which ends with this process at the latest.

    Raises TimeoutError if it is not to be had by `deadline`, in seconds of time.monotonic.  Where a
    directory can't be locked, nothing is: then the daemons settle among themselves who is first.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    # The directory itself, so that no file is left behind, and no folder for it must be found.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError("its lock is held by another process") from None
                time.sleep(_NAP)
            except OSError:
                break  # a file system without locks
        yield
    finally:
        os.close(descriptor)
