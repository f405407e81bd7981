"""Reach a server over a Windows named pipe.

By `_winapi`, on which `multiprocessing` stands: it is built into the interpreter, where what else
there is takes a tenth of a second to import.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi

from ipc._address_windows import pipe_name
from ipc.errors import Error, InvalidPathError, NoServerError, TimedOutError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc._application import Peer
    from ipc.pktline import Buffers

_NOT_FOUND = 3  # ActiveState.PATH_NOT_FOUND, which would cost the import of enum
_FILE_NOT_FOUND = 2  # Windows' own numbers of errors
_PATH_NOT_FOUND = 3
_INVALID_NAME = 123
_OVER = (_winapi.ERROR_BROKEN_PIPE, _winapi.ERROR_NO_DATA, 233)  # ERROR_PIPE_NOT_CONNECTED
# Whoever serves the pipe may see who we are, and not act in our name.
_IDENTIFY_ONLY = 0x00100000 | 0x00010000  # SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION
_CLOSED = -1
_MOMENT = 50  # milliseconds; what Git waits


class Stream:
    """A client's end of a pipe, with those of a socket's methods that are needed.

    It blocks, for as long as `settimeout` said.  To be used on one thread at a time.
    """

    __slots__ = ("_handle", "_patience")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._patience = _winapi.INFINITE

    def settimeout(self, seconds: float | None) -> None:
        """Set how long a call may wait before it raises TimeoutError; None is without limit."""
        longest = _winapi.INFINITE
        self._patience = (
            longest if seconds is None else min(max(int(seconds * 1000), 1), longest - 1)
        )

    def sendall(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of it."""
        try:
            operation, pending = _winapi.WriteFile(self._handle, data, overlapped=True)
            self._wait(operation, pending)
        except OSError as error:
            if error.winerror in _OVER:
                raise BrokenPipeError(error.errno, error.strerror) from error
            raise

    def sendmsg(self, buffers: "Buffers") -> int:
        """Send all of them; return how many bytes that was."""
        data = b"".join(buffers)
        self.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return what has arrived, at least a byte; nothing if the peer hung up."""
        try:
            operation, pending = _winapi.ReadFile(self._handle, size, overlapped=True)
            self._wait(operation, pending)
        except OSError as error:
            if error.winerror in _OVER:
                return b""
            raise
        return bytes(operation.getbuffer() or b"")

    def fileno(self) -> int:
        """Return the handle, -1 when it was closed."""
        return self._handle

    def detach(self) -> int:
        """Give the handle away."""
        handle, self._handle = self._handle, _CLOSED
        return handle

    def close(self) -> None:
        """Hang up.  Harmless when repeated."""
        handle = self.detach()
        if handle != _CLOSED:
            _winapi.CloseHandle(handle)

    def _wait(self, operation: _winapi.Overlapped, pending: int) -> None:
        # On the main thread Ctrl-C ends this wait, as it does not end one for a single object.
        if pending and _winapi.WaitForMultipleObjects([operation.event], False, self._patience):
            operation.cancel()
            raise TimeoutError("the peer did not do its part in time")
        operation.GetOverlappedResult(True)


def open_stream(path: bytes, disallow_chdir: bool) -> Stream:
    """Return a stream whose peer is the server at `path`; never wait for one that is not there."""
    del disallow_chdir  # means nothing for a pipe
    name = pipe_name(path)
    try:
        try:
            return Stream(_opened(name))
        except OSError as error:
            if error.winerror != _winapi.ERROR_PIPE_BUSY:
                raise
        # So many have just come that no instance is free; a moment later there is one, or nobody.
        _wait_for_instance(name)
        return Stream(_opened(name))
    except OSError as error:
        raise _meaning(error, name) from error


def _wait_for_instance(name: str) -> None:
    try:
        _winapi.WaitNamedPipe(name, _MOMENT)
    except OSError:
        return  # the next call says what it is; Wine has odd numbers for this one


def is_trusted(_: Stream) -> bool:
    """Say whether the user who serves is our own: the system does not tell, so that has to do."""
    return True


def peer_of(_: Stream) -> "Peer | None":
    """Return who serves, which the system does not tell."""
    return None


def process_of(_: Stream) -> int | None:
    """Return a descriptor of who serves, which there is none of."""
    return None


def _opened(name: str) -> int:
    return _winapi.CreateFile(
        name,
        _winapi.GENERIC_READ | _winapi.GENERIC_WRITE,
        0,
        _winapi.NULL,
        _winapi.OPEN_EXISTING,
        _winapi.FILE_FLAG_OVERLAPPED | _IDENTIFY_ONLY,
        _winapi.NULL,
    )


def _meaning(error: OSError, name: str) -> Error:
    if error.winerror in (_FILE_NOT_FOUND, _PATH_NOT_FOUND):
        nobody = NoServerError(f"there is no server at {name}: start one")
        nobody.state = _NOT_FOUND
        return nobody
    if error.winerror in (_winapi.ERROR_PIPE_BUSY, _winapi.ERROR_SEM_TIMEOUT):
        return TimedOutError(f"the server at {name} is too busy to take one more connection")
    if error.winerror == _INVALID_NAME:
        return InvalidPathError(f"there can be no server at {name}: {error}")
    return UnreachableError(f"cannot reach a server at {name}: {error}")
