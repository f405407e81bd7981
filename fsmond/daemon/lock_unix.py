"""Lock a directory on Unix: itself, so that no file is left behind, and no folder must be found."""

import sys

assert sys.platform != "win32"

import fcntl
import os


class Lock:
    """The lock of one directory."""

    def __init__(self, directory: bytes) -> None:
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def take(self) -> bool:
        """Take it; False if somebody has it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks
        return True

    def close(self) -> None:
        """Give it back, if we have it."""
        os.close(self._descriptor)
