"""A lock between processes: only one at a time starts a tree's daemon."""

import contextlib
import sys
import time
from collections.abc import Iterator

if sys.platform == "win32":
    from fsmond.process.lock_windows import Lock
else:
    from fsmond.process.lock_unix import Lock

_RETRY_INTERVAL = 0.01  # seconds


@contextlib.contextmanager
def start_lock(directory: bytes, deadline: float) -> Iterator[None]:
    """Hold the start lock of a directory; the system frees it if this process ends.

    Raise TimeoutError if another process still holds it at `deadline`, in seconds of
    time.monotonic.  If a Unix system cannot provide a lock, nothing is locked; then the claim of
    the socket decides which daemon stays.  On Windows raise OSError.
    """
    lock = Lock(directory)
    try:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise TimeoutError("its lock is held by another process")
            time.sleep(_RETRY_INTERVAL)
        yield
    finally:
        lock.release()
