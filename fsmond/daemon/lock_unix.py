"""Lock a directory on Unix: by a file in the user's own folder.

Not by the directory itself, as whoever may read that could hold its lock for ever.
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
    """The lock of one directory; of this user's processes one has it."""

    def __init__(self, directory: bytes) -> None:
        self._path: str | None = None
        self._descriptor = -1
        with contextlib.suppress(PathError, OSError):  # where is no folder, nothing is locked
            folder = runtime_folders()[0]
            make(folder)
            self._path = os.path.join(folder, f"{name_of(directory)}.lock")

    def take(self) -> bool:
        """Take it; False if somebody has it."""
        if self._path is None:
            return True
        try:
            descriptor = os.open(self._path, _FLAGS, _MODE)
        except OSError:
            return True  # a full disk
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it removes the file, and may have done so since it was opened here.
            taken = _is_at(descriptor, self._path)
        except BlockingIOError:
            taken = False
        except OSError:
            taken = True  # a file system without locks
        if taken:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return taken

    def close(self) -> None:
        """Give it back, if we have it."""
        if self._descriptor >= 0:
            assert self._path is not None
            with contextlib.suppress(OSError):
                os.unlink(self._path)  # while it is locked: nobody else can think it has the lock
            os.close(self._descriptor)
            self._descriptor = -1


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
