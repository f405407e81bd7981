"""Let one process at a time claim a path, by a lock file beside it.

The folder may be another user's, who can put anything at the lock's name.  So what is locked is a
regular file of one name, and nothing is written to it.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ipc.errors import AddressInUseError, InvalidPathError, UnreachableError

_PATIENCE = 2.0  # seconds; who holds the lock needs some milliseconds
_NAP = 0.005  # seconds between two attempts
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def locked(directory: int, name: bytes) -> Iterator[None]:
    """Hold the lock file `name` of an open directory; it does not outlive the context."""
    lock = _acquired(directory, name)
    try:
        yield
    finally:
        # Removed before it is released: who waits for it finds that it locked nothing.
        with suppress(OSError):  # somebody else removed it, or the whole folder is gone
            if _is_there(lock, directory, name):
                os.unlink(name, dir_fd=directory)
        os.close(lock)


def _acquired(directory: int, name: bytes) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        lock = _opened(directory, name)
        try:
            if _try_lock(lock, name) and _is_there(lock, directory, name):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
        if time.monotonic() > deadline:
            raise AddressInUseError(
                f"another process has held {os.fsdecode(name)!r} for {_PATIENCE:.0f} s:"
                " a server is being started there"
            )
        time.sleep(_NAP)


def _opened(directory: int, name: bytes) -> int:
    try:
        return os.open(name, _OPEN, 0o600, dir_fd=directory)
    except PermissionError as error:
        raise UnreachableError(
            f"cannot lock {os.fsdecode(name)!r}: {error.strerror}; if it belongs to another user"
            " and no server is being started there, remove it"
        ) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise _in_the_way(name) from error
        raise


def _try_lock(lock: int, name: bytes) -> bool:
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise _in_the_way(name)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_the_way(name: bytes) -> InvalidPathError:
    return InvalidPathError(
        f"{os.fsdecode(name)!r} is in the way and no lock file: remove it, or use another path"
    )


def _is_there(lock: int, directory: int, name: bytes) -> bool:
    # Whoever held the lock before has removed the file: then this is the lock of nothing.
    try:
        there = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(lock))
