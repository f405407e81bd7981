"""Let one process at a time claim a path, by a lock file beside it."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ipc.errors import AddressInUseError

_PATIENCE = 2.0  # seconds; who holds the lock needs some milliseconds
_NAP = 0.005  # seconds between two attempts


@contextmanager
def locked(directory: int, name: bytes) -> Iterator[None]:
    """Hold the lock file `name` of an open directory; it does not outlive the context."""
    lock = _acquired(directory, name)
    try:
        yield
    finally:
        # Removed before it is released: who waits for it finds that it locked nothing.
        os.unlink(name, dir_fd=directory)
        os.close(lock)


def _acquired(directory: int, name: bytes) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        lock = os.open(
            name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory
        )
        if _try_lock(lock) and _is_there(lock, directory, name):
            return lock
        os.close(lock)
        if time.monotonic() > deadline:
            raise AddressInUseError(
                f"another process has held {os.fsdecode(name)!r} for {_PATIENCE:.0f} s:"
                " a server is being started there"
            )
        time.sleep(_NAP)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_there(lock: int, directory: int, name: bytes) -> bool:
    # Whoever held the lock before has removed the file: then this is the lock of nothing.
    try:
        there = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(lock))
