"""A client whose answer is deferred: any thread sends, by way of the workers."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import threading
from collections.abc import Callable
from contextlib import suppress

from ipc._server.windows.pipe import Pipe
from ipc._server.windows.port import Operation, Port
from ipc._server.windows.slow_clients import DeferredAnswer, SlowClients
from ipc.deferred import Deferred
from ipc.errors import HungUpError

_NEVER = float("inf")


class DeferredClient(DeferredAnswer):
    """The transport of a `Deferred`.

    Only workers start operations: Wine cancels those of a thread that ends.
    """

    def __init__(
        self,
        pipe: Pipe,
        deferred: Deferred,
        port: Port,
        slow_clients: SlowClients,
        drain: Callable[[Pipe], None],
    ) -> None:
        super().__init__(pipe, _NEVER, slow_clients.share())
        self._deferred = deferred
        self._port = port
        self._slow_clients = slow_clients
        self._drain = drain  # waits until the client has read the rest, and closes the pipe
        self._lock = threading.Lock()  # guards everything below, and the order of what is sent
        self._queued = bytearray()
        self._is_closed = False

    @property
    def unsent(self) -> int:
        """How many bytes wait until the client reads."""
        return len(self._queued) + self.pipe.unsent

    def send(self, data: bytes) -> None:
        """See Transport."""
        with self._lock:
            self._queued += data
        self._port.post(self._send_queued)

    def end(self) -> None:
        """See Transport."""
        self.is_ending = True
        self._port.post(self._send_queued)

    def disconnect(self) -> None:
        """See Transport."""
        self._port.post(self.drop)

    def begin(self) -> None:
        """Notice when the client closes the connection."""
        try:
            self.pipe.receive(self._received)
        except (OSError, HungUpError):
            self.drop()

    def drop(self) -> None:
        """Close the connection; tell the owner, unless it has finished."""
        self._slow_clients.remove_deferred(self)
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        if not was_closed:
            self.pipe.disconnect()
            self._deferred.lose()

    def _received(self, operation: Operation) -> None:
        with suppress(OSError):  # the client has closed it, or we have
            operation.getresult()
        self.drop()

    def _send_queued(self) -> None:
        try:
            with self._lock:
                if self._is_closed:
                    return
                data = bytes(self._queued)
                self._queued.clear()
                if data:
                    self.pipe.send(data)
                self._is_closed = is_last = self.is_ending
        except (OSError, HungUpError):
            self.drop()
            return
        if is_last:
            self._drain(self.pipe)
            self._slow_clients.remove_deferred(self)
        else:
            self._slow_clients.resize_deferred(self)
            self.pipe.call_when_sent(self._sent)

    def _sent(self) -> None:
        with self._lock:
            if self._queued or self._is_closed:
                return  # it is called again, or all is over
        self._slow_clients.resize_deferred(self)
        self._deferred.note_sent()
