"""Lock a directory on Windows, where it can't be locked itself: by a pipe of which there is one.

A pipe is no file that could be left behind: it goes with its last handle, so with its process.
"""

import sys

assert sys.platform == "win32"

import _winapi
import binascii
import os

_FIRST = _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE  # or an error: there is one of that name
_REFUSE_REMOTE = 8  # PIPE_REJECT_REMOTE_CLIENTS
_TAKEN = (5, 231)  # ERROR_ACCESS_DENIED, ERROR_PIPE_BUSY


class Lock:
    """The lock of one directory; those whose names have the same checksum share theirs."""

    def __init__(self, directory: bytes) -> None:
        number = binascii.crc32(os.path.normcase(directory))
        self._name = f"\\\\.\\pipe\\fsmond-starting-{number:08x}"
        self._handle = 0

    def take(self) -> bool:
        """Take it; False if somebody has it."""
        access = _winapi.PIPE_ACCESS_INBOUND | _FIRST
        try:
            self._handle = _winapi.CreateNamedPipe(
                self._name, access, _REFUSE_REMOTE, 1, 0, 0, 0, 0
            )
        except OSError as error:
            if error.winerror in _TAKEN:
                return False
            raise
        return True

    def close(self) -> None:
        """Give it back, if we have it."""
        if self._handle:
            _winapi.CloseHandle(self._handle)
            self._handle = 0
