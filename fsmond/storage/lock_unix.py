"""Lock a folder on Unix, by a file in it."""

import sys

assert sys.platform != "win32"

import fcntl
import os

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MODE = 0o600


def lock(path: str) -> int | None:
    """Lock the file, which is created; return what to `unlock`, or None if another process has it.

    Raise OSError if the file system has no locks.
    """
    descriptor = os.open(path, _FLAGS, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def unlock(descriptor: int) -> None:
    """Free what `lock` returned."""
    os.close(descriptor)


def is_held(descriptor: int, path: str) -> bool:
    """Return whether the locked file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False
