"""Send and receive through the server's end of a pipe without blocking a thread."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi
import threading
from collections.abc import Callable
from contextlib import suppress

import win32pipe

from ipc._server.request import CHUNK
from ipc._server.windows.port import Operation, Port
from ipc.errors import HungUpError

_WAITED = 0  # WAIT_OBJECT_0


class Pipe:
    """One connected instance; any thread may use it.

    One write is in flight at a time; further data is buffered.
    """

    def __init__(self, port: Port, handle: int) -> None:
        self._port = port
        self._lock = threading.Lock()  # guards everything below
        self._handle: int | None = handle
        self._in_flight: Operation | None = None
        self._in_flight_size = 0  # bytes
        self._buffered = bytearray()
        self._lost = False
        self._on_sent: Callable[[], None] | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are buffered; without the lock, it is a hint."""
        return len(self._buffered)

    @property
    def unsent(self) -> int:
        """How many bytes the client has not read; without the lock, it is a hint."""
        return len(self._buffered) + self._in_flight_size

    def receive(self, callback: Callable[[Operation], None]) -> Operation:
        """Start to receive, or raise OSError; `callback` is called at the end."""
        with self._lock:
            handle = self._open_locked()
            return self._port.start(lambda operation: operation.ReadFile(handle, CHUNK), callback)

    def send(self, data: bytes | bytearray) -> None:
        """Send data, now or later; raise HungUpError if the client is lost."""
        with self._lock:
            self._collect_locked()
            self._buffered += data
            if self._in_flight is None:
                self._send_buffered_locked()
            if self._lost:
                raise HungUpError("the client closed the connection before it had its answer")

    def wait_until_less(self, buffered: int, milliseconds: int) -> bool:
        """Wait until less is buffered or the write in flight ends; return False on a timeout."""
        with self._lock:
            operation = self._in_flight
            if operation is None or len(self._buffered) <= buffered:
                return True
        if _winapi.WaitForSingleObject(operation.event, milliseconds) != _WAITED:
            return False
        self._completed(operation)
        return True

    def call_when_sent(self, callback: Callable[[], None]) -> bool:
        """Return True if all is sent, or the client is lost; else call `callback` at that point."""
        with self._lock:
            self._collect_locked()
            if self._in_flight is None:
                return True
            self._on_sent = callback
            return False

    def disconnect(self) -> None:
        """Close the connection, whatever is in flight; the client cannot keep the name in use."""
        with self._lock:
            if self._handle is not None:
                with suppress(Exception):  # a `pywintypes.error`: the client has just closed it
                    win32pipe.DisconnectNamedPipe(self._handle)
        self.close()

    def close(self) -> None:
        """Close the connection; sent data can still be read.  Harmless when repeated."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                _winapi.CloseHandle(handle)

    def _open_locked(self) -> int:
        if self._handle is None:
            raise HungUpError("the connection is closed")
        return self._handle

    def _completed(self, operation: Operation) -> None:
        with self._lock:
            if operation is not self._in_flight:
                return  # race: the thread that waited for it has collected it
            self._collect_locked()
            if self._in_flight is not None or self._on_sent is None:
                return
            callback, self._on_sent = self._on_sent, None
        callback()

    def _collect_locked(self) -> None:
        """Collect the result of a completed write, and start the next."""
        if self._in_flight is None or self._in_flight.pending:
            return
        operation, self._in_flight, self._in_flight_size = self._in_flight, None, 0
        try:
            operation.getresult()
        except OSError:
            self._lost = True
            self._buffered.clear()
        self._send_buffered_locked()

    def _send_buffered_locked(self) -> None:
        if not self._buffered or self._lost:
            return
        data = bytes(self._buffered)
        self._buffered.clear()
        self._in_flight_size = len(data)
        try:
            handle = self._open_locked()
            self._in_flight = self._port.start(
                lambda operation: operation.WriteFile(handle, data), self._completed
            )
        except (OSError, HungUpError):
            self._lost = True
