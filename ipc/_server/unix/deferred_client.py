"""A client whose answer is deferred: any thread sends, the server's loop waits."""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import selectors
import threading
from _socket import MSG_DONTWAIT, MSG_PEEK, socket
from collections.abc import Callable

from ipc._server.memory import Share
from ipc._server.unix.reply import NONBLOCKING
from ipc._server.unix.slow_clients import Client, DeferredAnswer
from ipc.deferred import Deferred
from ipc.errors import HungUpError, ProtocolError


class DeferredClient(DeferredAnswer):
    """The transport of a `Deferred`; the loop closes its socket."""

    def __init__(
        self,
        stream: socket,
        unsent: bytearray,
        deferred: Deferred,
        share: Share,
        changed: Callable[[Client], None],
    ) -> None:
        super().__init__(stream, share)
        self._deferred = deferred
        self._changed = changed
        self._lock = threading.Lock()  # guards `_unsent`, `share`, `done`, `is_ending`, and sending
        self._unsent = unsent

    @property
    def unsent(self) -> int:
        """How many bytes wait until the client reads."""
        return len(self._unsent)

    @property
    def events(self) -> int:
        """Wait for the client's end, and until it reads if there is something to send."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)

    def send(self, data: bytes) -> None:
        """See Transport."""
        with self._lock:
            is_first = not self._unsent
            self._unsent += data
            if is_first:
                self._send_locked()
            is_left = bool(self._unsent) or self.done
        if is_left:
            self._changed(self)

    def end(self) -> None:
        """See Transport."""
        with self._lock:
            self.is_ending = True
            self._note_end_locked()
        self._changed(self)

    def disconnect(self) -> None:
        """See Transport."""
        with self._lock:
            self.done = True
        self._changed(self)

    def advance(self) -> None:
        """Send what is possible; raise HungUpError if the client has gone."""
        with self._lock:
            had_to_wait = bool(self._unsent)
            self._send_locked()
            is_sent = had_to_wait and not self._unsent
            self._note_end_locked()
        if not self.done:
            self._check_connection()
        if is_sent:
            self._changed(self)
            self._deferred.note_sent()

    def take_unsent(self) -> bytearray:
        """Return the bytes that could not be sent yet; send nothing any longer."""
        with self._lock:
            self.done = True
            return self._unsent

    def close(self) -> None:
        """Make other threads send nothing more; tell the owner, unless it has finished."""
        with self._lock:
            self.done = True
        self._deferred.lose()

    def _check_connection(self) -> None:
        try:
            data = self.stream.recv(1, MSG_DONTWAIT | MSG_PEEK)
        except BlockingIOError:
            return
        if data:
            raise ProtocolError("the client sent more than one request")
        raise HungUpError("the client closed the connection before it had its answer")

    def _send_locked(self) -> None:
        if self.done:
            return
        try:
            del self._unsent[: self.stream.send(self._unsent, NONBLOCKING)]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()
            self.done = True
        self.share.resize(len(self._unsent))

    def _note_end_locked(self) -> None:
        self.done = self.done or (self.is_ending and not self._unsent)
