"""An answer that is given later, from any thread."""

import threading
from collections.abc import Callable
from typing import Protocol

from ipc._application import Data
from ipc.errors import HungUpError
from ipc.pktline import FLUSH, batches

__all__ = ["Deferred"]

_GONE = "the client closed the connection before it had its answer"


class Transport(Protocol):
    """Sends to one client; its methods never block, and raise nothing."""

    @property
    def unsent(self) -> int:
        """How many bytes wait until the client reads."""

    def send(self, data: bytes) -> None:
        """Send encoded data, now or later."""

    def end(self) -> None:
        """Close the connection as soon as all is sent, or the client has not read it in time."""

    def disconnect(self) -> None:
        """Close the connection at once."""


class Deferred:
    """A conversation that is answered later; until then it holds no worker.

    An application creates one, keeps it, and returns it.  Any thread may answer then, piece by
    piece, for as long as the client stays; also before the application has returned.

    `on_gone` is called once if the conversation ends before `finish`: the client has closed it, the
    server stops, or a limit was exceeded.  `on_sent` is called when what had to wait for the client
    is sent.  Both are called on a thread of the server, and must not block.

    A client that closes its sending half counts as gone.
    """

    def __init__(
        self,
        *,
        on_gone: Callable[[], object] | None = None,
        on_sent: Callable[[], object] | None = None,
    ) -> None:
        self._on_gone = on_gone
        self._on_sent = on_sent
        self._lock = threading.Lock()  # guards everything below, and the order of what is sent
        self._transport: Transport | None = None
        self._early = bytearray()  # encoded, until the application has returned
        self._is_finished = False
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        """Whether the conversation has ended before `finish`."""
        return self._is_gone

    @property
    def unsent(self) -> int:
        """How many bytes have been replied, but wait until the client reads.

        They count against `ServerOptions.max_memory`; so wait for `on_sent` before a large reply.
        """
        with self._lock:
            return len(self._early) if self._transport is None else self._transport.unsent

    def reply(self, data: Data) -> None:
        """Send a piece, at once or when the client reads; never block.

        Raise HungUpError if the client has gone, ValueError after `finish`.
        """
        encoded = _encoded(data)
        with self._lock:
            self._send_locked(encoded)

    def finish(self, last: Data = b"") -> None:
        """Send the last piece and end the conversation; never block.

        Raise HungUpError if the client has gone, ValueError when repeated.
        """
        encoded = _encoded(last) + FLUSH
        with self._lock:
            self._send_locked(encoded)
            self._is_finished = True
            if self._transport is not None:
                self._transport.end()

    def abort(self) -> None:
        """Disconnect the client without the end of an answer, unless `finish` was called.

        Harmless when repeated; `on_gone` is not called.
        """
        with self._lock:
            if self._is_finished or self._is_gone:
                return
            self._is_gone = True
            if self._transport is not None:
                self._transport.disconnect()

    def _send_locked(self, encoded: bytes) -> None:
        if self._is_gone:
            raise HungUpError(_GONE)
        if self._is_finished:
            raise ValueError("the conversation is over: `finish` was called")
        if self._transport is None:
            self._early += encoded
        elif encoded:
            self._transport.send(encoded)

    def attach(self, transport: Transport) -> None:
        """Take the client, from the server, when the application has returned."""
        with self._lock:
            if self._transport is not None:
                raise ValueError("a Deferred answers one request: create another one")
            self._transport = transport
            if self._is_gone:
                transport.disconnect()
                return
            if self._early:
                transport.send(bytes(self._early))
                self._early.clear()
            if self._is_finished:
                transport.end()

    def lose(self) -> None:
        """Note, for the server, that the client has gone; tell the owner."""
        with self._lock:
            if self._is_finished or self._is_gone:
                return
            self._is_gone = True
        if self._on_gone is not None:
            self._on_gone()

    def note_sent(self) -> None:
        """Note, for the server, that all is sent; tell the owner."""
        if self._on_sent is not None and not self._is_finished:
            self._on_sent()


def _encoded(data: Data) -> bytes:
    return b"".join(buffer for buffers in batches(memoryview(data).cast("B")) for buffer in buffers)
