"""Move bytes through the server's end of a pipe, without any thread waiting for a client."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi
import threading
from collections.abc import Callable
from contextlib import suppress

import win32pipe

from ipc._port_windows import Operation, Port
from ipc._request import CHUNK
from ipc.errors import HungUpError

_WAITED = 0  # WAIT_OBJECT_0


class Pipe:
    """One connected instance; any thread may use it.

    Of what is sent one piece is under way at a time, and the others are kept.
    """

    def __init__(self, port: Port, handle: int) -> None:
        self._port = port
        self._lock = threading.Lock()  # guards what follows
        self._handle: int | None = handle
        self._under_way: Operation | None = None
        self._kept = bytearray()
        self._lost = False
        self._when_sent: Callable[[], None] | None = None

    @property
    def kept(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._kept)

    def receive(self, then: Callable[[Operation], None]) -> Operation:
        """Have `then` called when bytes have arrived, or none will; raise OSError if none can."""
        with self._lock:
            handle = self._open_locked()
            return self._port.begin(lambda operation: operation.ReadFile(handle, CHUNK), then)

    def send(self, data: bytes | bytearray) -> None:
        """Send all of it, now or later; raise HungUpError when the client is lost."""
        with self._lock:
            self._settle_locked()
            self._kept += data
            if self._under_way is None:
                self._send_kept_locked()
            if self._lost:
                raise HungUpError("the client left within its answer")

    def wait_until_less(self, kept: int, milliseconds: int) -> bool:
        """Wait until something was taken, so that less is kept; say whether it was in time."""
        with self._lock:
            operation = self._under_way
            if operation is None or len(self._kept) <= kept:
                return True
        if _winapi.WaitForSingleObject(operation.event, milliseconds) != _WAITED:
            return False
        self._ended(operation)
        return True

    def when_sent(self, then: Callable[[], None]) -> bool:
        """Return True if all is sent, or lost; else have `then` called when it is."""
        with self._lock:
            self._settle_locked()
            if self._under_way is None:
                return True
            self._when_sent = then
            return False

    def hang_up(self) -> None:
        """End the connection, and what is under way; the client can't hold the name any longer."""
        with self._lock:
            if self._handle is not None:
                with suppress(Exception):  # a `pywintypes.error`: the client was faster
                    win32pipe.DisconnectNamedPipe(self._handle)
        self.close()

    def close(self) -> None:
        """Hang up; what was sent can still be read.  Harmless when repeated."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                _winapi.CloseHandle(handle)

    def _open_locked(self) -> int:
        if self._handle is None:
            raise HungUpError("the connection was ended")
        return self._handle

    def _ended(self, operation: Operation) -> None:
        with self._lock:
            if operation is not self._under_way:
                return  # the thread that waited for it was faster
            self._settle_locked()
            if self._under_way is not None or self._when_sent is None:
                return
            then, self._when_sent = self._when_sent, None
        then()

    def _settle_locked(self) -> None:
        """See what became of the piece that is under way, and send the next."""
        if self._under_way is None or self._under_way.pending:
            return
        operation, self._under_way = self._under_way, None
        try:
            operation.getresult()
        except OSError:
            self._lost = True
            self._kept.clear()
        self._send_kept_locked()

    def _send_kept_locked(self) -> None:
        if not self._kept or self._lost:
            return
        data = bytes(self._kept)
        self._kept.clear()
        try:
            handle = self._open_locked()
            self._under_way = self._port.begin(
                lambda operation: operation.WriteFile(handle, data), self._ended
            )
        except (OSError, HungUpError):
            self._lost = True
