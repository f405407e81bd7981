"""Serve slow clients on one thread, so that none of them blocks a worker.

A client is slow until it has sent all of its request, and again until it has read all of its
answer.  Each has one deadline; their number and their memory are limited.  Those whose answer is
deferred have no deadline.  One thread calls `step`; any thread may call `wake`, `receive`, `drain`,
`add`, `changed` and `drop_oldest`.
"""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import selectors
import time
from _socket import MSG_DONTWAIT, SHUT_RDWR, socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from socket import socketpair
from typing import Any

from ipc._server.deadline_queue import DeadlineQueue, SlowClient, largest
from ipc._server.memory import MemoryBudget, Share
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.request import CHUNK, Request
from ipc._server.unix.reply import NONBLOCKING
from ipc.errors import HungUpError, ProtocolError


def disconnect(stream: socket) -> None:
    """Close a connection, even if child processes of the server still have it open."""
    with suppress(OSError):  # race: the client has just closed it
        stream.shutdown(SHUT_RDWR)
    stream.close()


class Client(SlowClient):
    """A slow client."""

    def __init__(self, stream: socket, deadline: float, share: Share) -> None:
        super().__init__(deadline, share)
        self.stream = stream
        self.done = False

    @property
    def events(self) -> int:
        """What to wait for, in the constants of `selectors`."""
        raise NotImplementedError

    def close(self) -> None:
        """Prepare for the end of the connection: no thread uses its socket any longer."""
        self.done = True

    def advance(self) -> None:
        """Receive or send what is possible without blocking; set `done` at the end.

        Raise HungUpError, ProtocolError, OSError or MemoryError.
        """
        raise NotImplementedError


class IncompleteRequest(Client):
    """A client that has not sent all of its request."""

    def __init__(
        self, stream: socket, request: Request, received: bytes, deadline: float, share: Share
    ) -> None:
        super().__init__(stream, deadline, share)
        self._request = request
        self._received = received  # bytes that have arrived but are not decoded
        self.message: bytes | None = None

    @property
    def events(self) -> int:
        """Wait for the rest of the request."""
        return selectors.EVENT_READ

    @property
    def has_received(self) -> bool:
        """Whether `advance` has bytes to decode already."""
        return bool(self._received)

    def advance(self) -> None:
        """Receive a part of the request."""
        data, self._received = self._received or receive_available(self.stream), b""
        if data is not None:
            self.message = self._request.feed(data)
        self.done = self.message is not None
        self.share.resize(self._request.size)


class UnreadReply(Client):
    """A client that has not read all of its answer."""

    def __init__(self, stream: socket, unsent: bytearray, deadline: float, share: Share) -> None:
        super().__init__(stream, deadline, share)
        self._unsent = unsent

    @property
    def events(self) -> int:
        """Wait until the client reads."""
        return selectors.EVENT_WRITE

    def advance(self) -> None:
        """Send a part of the answer."""
        with suppress(BlockingIOError):
            sent = self.stream.send(self._unsent, NONBLOCKING)
            del self._unsent[:sent]
            self.share.resize(self.share.size - sent)
            self.done = not self._unsent


class DeferredAnswer(Client):
    """A client whose answer is deferred; it has no deadline until that is finished."""

    def __init__(self, stream: socket, share: Share) -> None:
        super().__init__(stream, float("inf"), share)
        self.timeout = 0.0
        """Seconds in which the client has to read the rest, once the answer is finished."""
        self.is_ending = False
        """Whether the answer is finished, and only has to be sent."""

    def take_unsent(self) -> bytearray:
        """Return the bytes that could not be sent yet; send nothing any longer."""
        raise NotImplementedError


def receive_available(stream: socket) -> bytes | None:
    """Receive at most a chunk; return None if there is nothing; raise HungUpError at the end."""
    try:
        data = stream.recv(CHUNK, MSG_DONTWAIT)
    except BlockingIOError:
        return None
    if not data:
        raise HungUpError("the client closed the connection before its request was complete")
    return data


class SlowClients:
    """The slow clients of one server."""

    def __init__(
        self,
        submit: Callable[[socket, bytes, Share], None],
        log: RateLimitedLog,
        limit: int,
        max_deferred: int,
        budget: MemoryBudget,
    ) -> None:
        self._submit = submit
        self._log = log
        self._budget = budget
        self._requests: DeadlineQueue[Client] = DeadlineQueue(limit)
        self._replies: DeadlineQueue[Client] = DeadlineQueue(limit)
        self._deferred: DeadlineQueue[DeferredAnswer] = DeadlineQueue(max_deferred)
        self._arrivals: deque[Client] = deque()  # appending and popping are atomic
        self._changes: deque[Client] = deque()  # the same
        self._to_drop = 0
        self._wakeup_reader, self._wakeup_writer = socketpair()
        try:
            self._selector = selectors.DefaultSelector()
        except BaseException:
            self._wakeup_reader.close()
            self._wakeup_writer.close()
            raise
        self._wakeup_reader.setblocking(False)
        self._wakeup_writer.setblocking(False)
        self._selector.register(self._wakeup_reader, selectors.EVENT_READ)

    def wake(self) -> None:
        """Make `step` return.  Signal handlers may call it: it takes no lock."""
        with suppress(OSError):  # full: then `step` returns anyway; or closed: then it has ended
            self._wakeup_writer.send(b"!")

    def receive(self, stream: socket, request: Request, received: bytes, timeout: float) -> None:
        """Receive the rest of a request, after the bytes in `received`; then submit it."""
        share = Share(self._budget, request.size)
        deadline = time.monotonic() + timeout
        self._arrivals.append(IncompleteRequest(stream, request, received, deadline, share))
        self.wake()

    def drain(self, stream: socket, unsent: bytearray, kernel_buffer: int, timeout: float) -> None:
        """Send the rest of an answer, then disconnect; `kernel_buffer` counts as memory too."""
        share = Share(self._budget, len(unsent) + kernel_buffer)
        self._arrivals.append(UnreadReply(stream, unsent, time.monotonic() + timeout, share))
        self.wake()

    def share(self, size: int) -> Share:
        """Return a share of the memory budget for another client."""
        return Share(self._budget, size)

    def add(self, client: Client) -> None:
        """Wait for a client whose answer is deferred."""
        self._arrivals.append(client)
        self.wake()

    def changed(self, client: Client) -> None:
        """Note that the `events` of a client are others now, or that it is `done`."""
        self._changes.append(client)
        self.wake()

    def drop_oldest(self) -> None:
        """Disconnect the client with the oldest incomplete request, to free a descriptor."""
        self._to_drop += 1
        self.wake()

    def step(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for ready clients; receive and send; drop the overdue."""
        for key, _ in self._selector.select(self._select_timeout(timeout)):
            if key.fileobj is self._wakeup_reader:
                self._wakeup_reader.recv(4096)
            else:
                self._advance(key.data)
        while self._arrivals:
            self._register(self._arrivals.popleft())
        while self._changes:
            self._update(self._changes.popleft())
        self._drop_overdue()

    def drop_incomplete_requests(self) -> None:
        """Disconnect all clients whose request is incomplete."""
        while client := self._requests.oldest():
            self._drop(client)

    def drop_unread_replies(self) -> None:
        """Disconnect all clients that have not read their answer, or wait for one."""
        while client := self._replies.oldest() or self._deferred.oldest():
            self._drop(client)

    def drop_unfinished(self) -> None:
        """Disconnect all clients whose answer is deferred and not finished."""
        for client in list(self._deferred):
            if not client.is_ending:
                self._drop(client)

    @property
    def has_unread_replies(self) -> bool:
        """Whether there are unread or deferred answers, or clients that `step` has not seen."""
        return bool(self._replies or self._deferred or self._arrivals)

    def close(self) -> None:
        """Disconnect all clients, and release all resources."""
        self.drop_incomplete_requests()
        self.drop_unread_replies()
        while self._arrivals:
            client = self._arrivals.popleft()
            client.close()
            client.share.release()
            client.stream.close()
        self._selector.close()
        self._wakeup_reader.close()
        self._wakeup_writer.close()

    def _queue_of(self, client: Client) -> DeadlineQueue[Any]:
        if isinstance(client, DeferredAnswer):
            return self._deferred
        return self._requests if isinstance(client, IncompleteRequest) else self._replies

    def _register(self, client: Client) -> None:
        queue = self._queue_of(client)
        try:
            if queue is self._deferred and queue.is_full:
                self._refuse(client, "too many answers are deferred (max_deferred)")
                return
            self._selector.register(client.stream, client.events, client)
        except (OSError, MemoryError) as error:
            self._refuse(client, f"cannot wait for it: {error}")
            return
        queue.add(client)
        self._update(client)  # it may have changed before it was added
        if isinstance(client, IncompleteRequest) and client.has_received:
            self._advance(client)

    def _refuse(self, client: Client, why: str) -> None:
        self._log.warn("slow", f"disconnected a slow client: {why}")
        client.close()
        client.share.release()
        disconnect(client.stream)

    def _update(self, client: Client) -> None:
        if client not in self._queue_of(client):
            return  # it was dropped meanwhile
        if client.done:
            self._drop(client)
        elif isinstance(client, DeferredAnswer) and client.is_ending:
            self._end(client)
        else:
            self._selector.modify(client.stream, client.events, client)

    def _end(self, client: DeferredAnswer) -> None:
        """Treat a finished answer like any other that the client has not read."""
        self._selector.unregister(client.stream)
        self._deferred.remove(client)
        unsent = client.take_unsent()
        client.share.release()
        self.drain(client.stream, unsent, 0, client.timeout)

    def _advance(self, client: Client) -> None:
        try:
            client.advance()
        except ProtocolError as error:
            self._log.warn("protocol", f"disconnected a client: {error}")
            client.done = True
        except MemoryError as error:
            self._log.warn("memory", f"disconnected a client: out of memory {error}".rstrip())
            client.done = True
        except (HungUpError, OSError):
            client.done = True
        if self._budget.is_exceeded:
            self._free_memory()  # at once: each other ready client may add as much
        if not client.done or client not in self._queue_of(client):
            return
        if isinstance(client, IncompleteRequest) and client.message is not None:
            self._selector.unregister(client.stream)
            self._requests.remove(client)
            self._submit(client.stream, client.message, client.share)
        else:
            self._drop(client)

    def _drop_overdue(self) -> None:
        now = time.monotonic()
        for queue in (self._requests, self._replies):
            while client := queue.next_to_drop(now):
                if queue.is_over_limit:
                    self._log.warn("limit", "disconnected a slow client: too many (max_waiting)")
                self._drop(client)
        self._free_memory()
        while self._to_drop and (client := self._requests.oldest()):
            self._to_drop -= 1
            self._drop(client)
        self._to_drop = 0

    def _free_memory(self) -> None:
        while self._budget.is_exceeded and (
            client := largest((*self._requests, *self._replies, *self._deferred))
        ):
            self._log.warn(
                "memory",
                f"disconnected a client with {client.share.size} buffered bytes:"
                f" the limit for all clients is {self._budget.limit} (max_memory)",
            )
            self._drop(client)

    def _drop(self, client: Client) -> None:
        self._selector.unregister(client.stream)
        self._queue_of(client).remove(client)
        client.close()
        client.share.release()
        disconnect(client.stream)

    def _select_timeout(self, timeout: float) -> float:
        now = time.monotonic()
        oldest = (self._requests.oldest(), self._replies.oldest())
        return max(min([timeout, *(each.deadline - now for each in oldest if each)]), 0)
