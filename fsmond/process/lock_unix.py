"""Lock a directory on Unix, by a file in the user's own folder.

The directory itself is not locked: any user who may read it could hold its lock for ever.
"""

import sys

assert sys.platform != "win32"

import contextlib
import fcntl
import os

from fsmond.errors import PathError
from fsmond.folders import make, runtime_folders
from fsmond.rendezvous import name_of

_MODE = 0o600
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Lock:
    """The lock of one directory; one process of this user holds it at a time."""

    def __init__(self, directory: bytes) -> None:
        self._path: str | None = None
        self._descriptor = -1
        with contextlib.suppress(PathError, OSError):  # without a folder, nothing is locked
            folder = runtime_folders()[0]
            make(folder)
            self._path = os.path.join(folder, f"{name_of(directory)}.lock")

    def try_acquire(self) -> bool:
        """Acquire it without waiting; return False if another process holds it."""
        if self._path is None:
            return True
        try:
            descriptor = os.open(self._path, _FLAGS, _MODE)
        except OSError:
            return True  # a full disk
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its holder removes the file at release, perhaps after it was opened here.
            acquired = _is_at(descriptor, self._path)
        except BlockingIOError:
            acquired = False
        except OSError:
            acquired = True  # a file system without locks
        if acquired:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return acquired

    def release(self) -> None:
        """Release it, if it is held here.  Harmless when repeated."""
        if self._descriptor >= 0:
            assert self._path is not None
            with contextlib.suppress(OSError):
                os.unlink(self._path)  # before the unlock: after it, another process may hold it
            os.close(self._descriptor)
            self._descriptor = -1


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
