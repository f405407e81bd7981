"""Claim a path in one process at a time, with a lock file beside it.

The folder may belong to another user, who can put anything at the lock's name.  So only a regular
file without other hard links is locked, and nothing is written to it.
"""

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

_TIMEOUT = 2.0  # seconds; a process holds the lock for some milliseconds
_RETRY_INTERVAL = 0.005  # seconds between two attempts
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def locked(directory: int, name: bytes) -> Iterator[None]:
    """Hold the lock file `name` of an open directory in the context, and remove it afterwards."""
    lock = _acquire(directory, name)
    try:
        yield
    finally:
        # Removed before it is released: a waiting process then finds that its file is not current.
        with suppress(OSError):  # another process removed it, or the whole folder
            if _is_current(lock, directory, name):
                os.unlink(name, dir_fd=directory)
        os.close(lock)


def _acquire(directory: int, name: bytes) -> int:
    deadline = time.monotonic() + _TIMEOUT
    while True:
        lock = _open(directory, name)
        try:
            if _try_lock(lock, name) and _is_current(lock, directory, name):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
        if time.monotonic() > deadline:
            raise AddressInUseError(
                f"another process has held {os.fsdecode(name)!r} for {_TIMEOUT:.0f} s:"
                " a server is starting there"
            )
        time.sleep(_RETRY_INTERVAL)


def _open(directory: int, name: bytes) -> int:
    try:
        return os.open(name, _FLAGS, 0o600, dir_fd=directory)
    except PermissionError as error:
        raise UnreachableError(
            f"cannot lock {os.fsdecode(name)!r}: {error.strerror}; if it belongs to another user"
            " and no server is starting there, remove it"
        ) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise _not_a_lock_file(name) from error
        raise


def _try_lock(lock: int, name: bytes) -> bool:
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise _not_a_lock_file(name)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _not_a_lock_file(name: bytes) -> InvalidPathError:
    return InvalidPathError(
        f"{os.fsdecode(name)!r} is not a lock file: remove it, or use another path"
    )


def _is_current(lock: int, directory: int, name: bytes) -> bool:
    # The previous holder may have removed the file: then this lock protects nothing.
    try:
        current = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(current, os.fstat(lock))
