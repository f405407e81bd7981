"""One client: its requests, and the messages of its subscriptions."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from fsmond.watchman.errors import CommandError
from fsmond.watchman.query.hashes import Hashes
from fsmond.watchman.serving.capabilities import VERSION
from fsmond.watchman.watches.subscriptions import Subscription
from fsmond.watchman.wire.framing import JSON, Encoding, Requests, encode
from fsmond.watchman.wire.values import EncodingError, Value

_CHUNK = 1 << 16  # bytes that are received at a time
_LOCK_POLL = 0.1  # seconds between two looks whether a version control system has ended
_MAX_SUBSCRIPTIONS = 10_000
_MAX_LOG = 1000  # lines that wait for a client that reads slowly; others are dropped

_log = logging.getLogger(__name__)


class Channel(Protocol):
    """A socket, or a pipe.  Raises OSError."""

    def recv(self, size: int, /) -> bytes:
        """Wait for data; none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send; TimeoutError if the client does not read for long."""

    def end(self) -> None:
        """Have all calls return or raise, also those of other threads.  Repeatable."""


class Connection:
    """Has two threads: the caller of `serve` reads, and `fsmond-sender` sends what is unasked for.

    The latter is started by the first subscription and joined when `serve` ends.  A client that
    does not read holds up nobody else, and nothing waits for it in memory: a subscription's next
    message covers all that changed until it can be sent.
    """

    def __init__(self, channel: Channel, hashes: Hashes) -> None:
        self._channel = channel
        self._hashes = hashes
        self._sending = threading.Lock()  # guards the channel against two messages at a time
        self._lock = threading.Lock()  # guards what follows
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._log_lines: list[str] = []
        self._sender: threading.Thread | None = None
        self._wakeup = threading.Event()
        self._is_ended = False
        self.log_level = logging.CRITICAL + 1
        """From which level on the client wants to read the log."""
        self.encoding = JSON
        """Of the last request."""
        self.after_response: Callable[[], None] | None = None
        """What is to be done as soon as the client has the next response; used by `serve` alone."""

    def serve(self, answer: "Callable[[Connection, Value], Mapping[str, Value]]") -> None:
        """Answer requests until the client hangs up."""
        requests = Requests()
        try:
            while data := self._channel.recv(_CHUNK):
                for request, encoding in requests.feed(data):
                    self.encoding = encoding
                    self._respond(answer(self, request))
        except EncodingError as error:
            with contextlib.suppress(OSError):
                self._send({"error": f"failed to parse request: {error}"}, self.encoding)
        except OSError as error:
            _log.debug("a client has gone: %s", error)
        finally:
            self.end()
            if self._sender is not None:
                self._sender.join()
            for each in self._subscriptions.values():
                each.watch.remove(each)

    def end(self) -> None:
        """Hang up; any thread.  Repeatable."""
        self._is_ended = True
        self._channel.end()
        self._wakeup.set()

    def subscribe(self, subscription: Subscription) -> None:
        """Send a subscription's messages; one of the same name ends."""
        key = (subscription.watch.tree.path, subscription.name)
        with self._lock:
            if len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
                raise CommandError(f"a client has at most {_MAX_SUBSCRIPTIONS} subscriptions")
            before = self._subscriptions.get(key)
            self._subscriptions[key] = subscription
        if before is not None:
            before.watch.remove(before)
        subscription.watch.add(subscription)

    def unsubscribe(self, path: str, name: str) -> bool:
        """End a subscription; return whether there was one."""
        with self._lock:
            found = self._subscriptions.pop((path, name), None)
        if found is not None:
            found.watch.remove(found)
        return found is not None

    def subscriptions(self, path: str | None = None) -> list[Subscription]:
        """Return the subscriptions of a directory, or all."""
        with self._lock:
            return [each for (root, _), each in self._subscriptions.items() if path in (None, root)]

    def send_all(self, subscription: Subscription, messages: list[dict[str, Value]]) -> None:
        """Send a subscription's messages; raise OSError."""
        for each in messages:
            self._send(each, subscription.encoding)

    def wake(self) -> None:
        """See Sender."""
        self._wakeup.set()

    def write_log(self, level: int, line: str) -> None:
        """Have the client read a line of the log, if it wants to; any thread."""
        if level >= self.log_level and len(self._log_lines) < _MAX_LOG:
            self._log_lines.append(line)
            self._start_sender()
            self._wakeup.set()

    def _respond(self, response: Mapping[str, Value]) -> None:
        self._send(response, self.encoding)
        if self.after_response is not None:
            self.after_response()
            self.after_response = None
        if self._subscriptions:  # the first message comes after the response
            self._start_sender()
            self._wakeup.set()

    def _send(self, fields: Mapping[str, Value], encoding: Encoding) -> None:
        data = encode({"version": VERSION, **fields}, encoding)
        with self._sending:
            self._channel.sendall(data)

    def _start_sender(self) -> None:
        with self._lock:
            if self._sender is None:
                self._sender = threading.Thread(
                    target=self._send_unasked, name="fsmond-sender", daemon=True
                )
                self._sender.start()

    def _send_unasked(self) -> None:
        timeout: float | None = None
        try:
            while not self._is_ended:
                self._wakeup.wait(timeout)
                self._wakeup.clear()
                self._send_log()
                with self._lock:
                    subscriptions = list(self._subscriptions.values())
                for each in subscriptions:
                    self.send_all(each, each.messages(self._hashes))
                    if each.is_ended:
                        self.unsubscribe(each.watch.tree.path, each.name)
                waits = any(each.waits_for_lock for each in subscriptions)
                timeout = _LOCK_POLL if waits else None
        except OSError as error:
            _log.debug("a client does not read: %s", error)
        finally:
            self._channel.end()

    def _send_log(self) -> None:
        while self._log_lines:
            self._send({"log": self._log_lines.pop(0), "unilateral": True}, self.encoding)
