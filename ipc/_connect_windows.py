"""Connect to a Windows named pipe.

This uses `_winapi`, like `multiprocessing`: it is built into the interpreter, while the
alternatives take a tenth of a second to import.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi

from ipc._address_windows import pipe_name
from ipc.errors import Error, InvalidPathError, NoServerError, TimedOutError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc._application import Peer
    from ipc.pktline import Buffers

_NOT_FOUND = 3  # ActiveState.PATH_NOT_FOUND, which would require the import of enum
_FILE_NOT_FOUND = 2  # error codes of Windows
_PATH_NOT_FOUND = 3
_INVALID_NAME = 123
_DISCONNECTED = (_winapi.ERROR_BROKEN_PIPE, _winapi.ERROR_NO_DATA, 233)  # ERROR_PIPE_NOT_CONNECTED
# The server may identify the client, but not impersonate it.
_IDENTIFY_ONLY = 0x00100000 | 0x00010000  # SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION
_CLOSED = -1
_INSTANCE_TIMEOUT = 50  # milliseconds; Git waits as long


class Stream:
    """The client's end of a pipe, with some methods of a socket.

    Its methods block, for at most the time of `settimeout`.  One thread at a time may use it.
    """

    __slots__ = ("_handle", "_timeout")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._timeout = _winapi.INFINITE

    def settimeout(self, seconds: float | None) -> None:
        """Set the seconds after which a call raises TimeoutError; None is without limit."""
        longest = _winapi.INFINITE
        self._timeout = (
            longest if seconds is None else min(max(int(seconds * 1000), 1), longest - 1)
        )

    def sendall(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of the data."""
        try:
            operation, pending = _winapi.WriteFile(self._handle, data, overlapped=True)
            self._wait(operation, pending)
        except OSError as error:
            if error.winerror in _DISCONNECTED:
                raise BrokenPipeError(error.errno, error.strerror) from error
            raise

    def sendmsg(self, buffers: "Buffers") -> int:
        """Send all buffers; return the number of bytes."""
        data = b"".join(buffers)
        self.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return what has arrived, at least a byte; empty if the peer closed the connection."""
        try:
            operation, pending = _winapi.ReadFile(self._handle, size, overlapped=True)
            self._wait(operation, pending)
        except OSError as error:
            if error.winerror in _DISCONNECTED:
                return b""
            raise
        return bytes(operation.getbuffer() or b"")

    def fileno(self) -> int:
        """Return the handle; -1 once it is closed."""
        return self._handle

    def detach(self) -> int:
        """Return the handle, which the caller then owns."""
        handle, self._handle = self._handle, _CLOSED
        return handle

    def close(self) -> None:
        """Close the connection.  Harmless when repeated."""
        handle = self.detach()
        if handle != _CLOSED:
            _winapi.CloseHandle(handle)

    def _wait(self, operation: _winapi.Overlapped, pending: int) -> None:
        # On the main thread Ctrl-C ends this wait; it does not end a wait for a single object.
        if pending and _winapi.WaitForMultipleObjects([operation.event], False, self._timeout):
            operation.cancel()
            raise TimeoutError("the peer did not respond in time")
        operation.GetOverlappedResult(True)


def open_stream(path: bytes, disallow_chdir: bool) -> Stream:
    """Return a stream that is connected to the server at `path`; never wait for a missing one."""
    del disallow_chdir  # has no meaning for a pipe
    name = pipe_name(path)
    try:
        try:
            return Stream(_open_pipe(name))
        except OSError as error:
            if error.winerror != _winapi.ERROR_PIPE_BUSY:
                raise
        # Many clients connected at once and no instance is free.  Soon there is one, or no server.
        _wait_for_instance(name)
        return Stream(_open_pipe(name))
    except OSError as error:
        raise _translated(error, name) from error


def _wait_for_instance(name: str) -> None:
    try:
        _winapi.WaitNamedPipe(name, _INSTANCE_TIMEOUT)
    except OSError:
        return  # the next attempt reports the reason; Wine has odd error codes for this call


def is_trusted(_: Stream) -> bool:
    """Return True: Windows does not report the server's user."""
    return True


def peer_of(_: Stream) -> "Peer | None":
    """Return None: Windows does not report the server."""
    return None


def process_of(_: Stream) -> int | None:
    """Return None: Windows has no descriptors of processes."""
    return None


def _open_pipe(name: str) -> int:
    return _winapi.CreateFile(
        name,
        _winapi.GENERIC_READ | _winapi.GENERIC_WRITE,
        0,
        _winapi.NULL,
        _winapi.OPEN_EXISTING,
        _winapi.FILE_FLAG_OVERLAPPED | _IDENTIFY_ONLY,
        _winapi.NULL,
    )


def _translated(error: OSError, name: str) -> Error:
    if error.winerror in (_FILE_NOT_FOUND, _PATH_NOT_FOUND):
        not_found = NoServerError(f"there is no server at {name}: start one")
        not_found.state = _NOT_FOUND
        return not_found
    if error.winerror in (_winapi.ERROR_PIPE_BUSY, _winapi.ERROR_SEM_TIMEOUT):
        return TimedOutError(f"the server at {name} is too busy to accept another connection")
    if error.winerror == _INVALID_NAME:
        return InvalidPathError(f"no server can listen at {name}: {error}")
    return UnreachableError(f"cannot reach a server at {name}: {error}")
