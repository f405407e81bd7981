"""A lock between processes: of those who would start a tree's daemon, one does."""

import contextlib
import sys
import time
from collections.abc import Iterator

if sys.platform == "win32":
    from fsmond.daemon.lock_windows import Lock
else:
    from fsmond.daemon.lock_unix import Lock

_NAP = 0.01  # seconds between two tries


@contextlib.contextmanager
def held(directory: bytes, deadline: float) -> Iterator[None]:
    """Hold the lock of a directory, which ends with this process at the latest.

    Raises TimeoutError if it is not to be had by `deadline`, in seconds of time.monotonic.  Where a
    directory can't be locked, nothing is: then the daemons settle among themselves who is first.
    """
    lock = Lock(directory)
    try:
        while not lock.take():
            if time.monotonic() > deadline:
                raise TimeoutError("its lock is held by another process")
            time.sleep(_NAP)
        yield
    finally:
        lock.close()
