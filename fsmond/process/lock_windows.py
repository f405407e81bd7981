"""Lock a directory on Windows, by a named pipe: a directory itself cannot be locked there.

Unlike a lock file, a pipe cannot be left behind: it goes with its last handle, so with its process.
"""

import sys

assert sys.platform == "win32"

import _winapi
import binascii
import os

_FIRST_INSTANCE = _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE  # an error if the pipe exists
_REFUSE_REMOTE = 8  # PIPE_REJECT_REMOTE_CLIENTS
_HELD_ELSEWHERE = (5, 231)  # ERROR_ACCESS_DENIED, ERROR_PIPE_BUSY


class Lock:
    """The lock of one directory; directories with the same checksum share one."""

    def __init__(self, directory: bytes) -> None:
        number = binascii.crc32(os.path.normcase(directory))
        self._name = f"\\\\.\\pipe\\fsmond-starting-{number:08x}"
        self._handle = 0

    def try_acquire(self) -> bool:
        """Acquire it without waiting; return False if another process holds it."""
        access = _winapi.PIPE_ACCESS_INBOUND | _FIRST_INSTANCE
        try:
            self._handle = _winapi.CreateNamedPipe(
                self._name, access, _REFUSE_REMOTE, 1, 0, 0, 0, 0
            )
        except OSError as error:
            if error.winerror in _HELD_ELSEWHERE:
                return False
            raise
        return True

    def release(self) -> None:
        """Release it, if it is held here.  Harmless when repeated."""
        if self._handle:
            _winapi.CloseHandle(self._handle)
            self._handle = 0
