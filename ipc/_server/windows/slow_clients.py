"""Limit the number, the time and the memory of clients that are waited for."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ipc._server.deadline_queue import DeadlineQueue, SlowClient, largest
from ipc._server.memory import MemoryBudget, Share
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.request import Request
from ipc._server.windows.pipe import Pipe
from ipc._server.windows.port import Operation


class Client(SlowClient):
    """A client with an incomplete request or an unread answer."""

    def __init__(self, pipe: Pipe, timeout: float, share: Share) -> None:
        self.connected_at = time.monotonic()
        super().__init__(self.connected_at + timeout, share)
        self.pipe = pipe


class IncompleteRequest(Client):
    """A client that has not sent all of its request."""

    def __init__(self, pipe: Pipe, request: Request, timeout: float, share: Share) -> None:
        super().__init__(pipe, timeout, share)
        self.request = request
        self.receiving: Operation | None = None

    @property
    def is_silent(self) -> bool:
        """Whether no bytes have arrived that are not handled yet."""
        return self.receiving is None or self.receiving.pending


class UnreadReply(Client):
    """A client that has not read all of its answer."""

    def __init__(self, pipe: Pipe, timeout: float, share: Share) -> None:
        super().__init__(pipe, timeout, share)
        share.resize(pipe.unsent)


class DeferredAnswer(Client):
    """A client whose answer is deferred."""

    is_ending = False
    """Whether the answer is finished, and only has to be sent."""

    @property
    def unsent(self) -> int:
        """How many bytes wait until the client reads."""
        raise NotImplementedError

    def drop(self) -> None:
        """Close the connection; tell the owner, unless it has finished."""
        raise NotImplementedError


AnyClient = TypeVar("AnyClient", bound=Client)


class SlowClients:
    """The clients that a server waits for without a thread; any thread may use it."""

    def __init__(
        self, limit: int, max_deferred: int, budget: MemoryBudget, log: RateLimitedLog
    ) -> None:
        self._budget = budget
        self._log = log
        self._lock = threading.Lock()  # guards the four collections, and all shares
        self._requests: DeadlineQueue[IncompleteRequest] = DeadlineQueue(limit)
        self._replies: DeadlineQueue[UnreadReply] = DeadlineQueue(limit)
        self._being_answered: dict[Pipe, Share] = {}  # the application is running for these
        self._deferred: dict[DeferredAnswer, None] = {}
        self._max_deferred = max_deferred

    def share(self) -> Share:
        """Return a share of the memory budget for another client."""
        return Share(self._budget, 0)

    def add(self, client: IncompleteRequest | UnreadReply) -> None:
        """Add a client; disconnect those that are overdue."""
        with self._lock:
            if isinstance(client, IncompleteRequest):
                self._requests.add(client)
            else:
                self._replies.add(client)
        self.drop_overdue()

    def add_deferred(self, client: DeferredAnswer) -> bool:
        """Add a client whose answer is deferred; return False if there are too many."""
        with self._lock:
            if len(self._deferred) >= self._max_deferred:
                self._log.warn("slow", "disconnected a client: too many answers are deferred")
                return False
            self._deferred[client] = None
            return True

    def remove_deferred(self, client: DeferredAnswer) -> None:
        """Remove a client, if it is there, and release its share."""
        with self._lock:
            if client in self._deferred:
                del self._deferred[client]
                client.share.release()

    def resize_deferred(self, client: DeferredAnswer) -> None:
        """Update the share of a client to what it has to read."""
        with self._lock:
            if client in self._deferred:
                client.share.resize(client.unsent)
        self.drop_overdue()

    def drop_unfinished(self) -> None:
        """Disconnect all clients whose answer is deferred and not finished."""
        for client in self._all_deferred():
            if not client.is_ending:
                client.drop()

    def _all_deferred(self) -> list[DeferredAnswer]:
        with self._lock:
            return list(self._deferred)

    def remove(self, client: IncompleteRequest | UnreadReply) -> None:
        """Remove a client, if it is there, and release its share."""
        with self._lock:
            if self._remove_locked(client):
                client.share.release()

    def begin_answer(self, client: IncompleteRequest) -> bool:
        """Mark a client as being answered, until `end_answer`; return False if it was dropped."""
        with self._lock:
            there = self._remove_locked(client)
            if there:
                self._being_answered[client.pipe] = client.share
        return there

    def end_answer(self, pipe: Pipe) -> None:
        """Release the share of a client that the application has answered."""
        with self._lock:
            self._being_answered.pop(pipe).release()

    def resize(self, client: IncompleteRequest) -> None:
        """Update the share of a client after more of its request has arrived."""
        with self._lock:
            if client in self._requests:
                client.share.resize(client.request.size)
        self.drop_overdue()

    def drop_overdue(self) -> None:
        """Disconnect clients after their deadline, and clients above the limits."""
        for victim in self._victims(time.monotonic()):
            victim.pipe.disconnect()
        while self._budget.is_exceeded and (client := largest(self._all_deferred())):
            self._warn_of_memory(client)
            client.drop()

    def drop_silent(self, seconds: float) -> None:
        """Disconnect clients that connected so many seconds ago and are silent."""
        limit = time.monotonic() - seconds
        self._drop(self._requests, lambda client: client.connected_at <= limit and client.is_silent)

    def drop_incomplete_requests(self) -> None:
        """Disconnect all clients whose request is incomplete."""
        self._drop(self._requests, lambda _: True)

    def drop_unread_replies(self) -> None:
        """Disconnect all clients that have not read their answer, or wait for one."""
        self._drop(self._replies, lambda _: True)
        for client in self._all_deferred():
            client.drop()

    def drop_being_answered(self) -> None:
        """Disconnect all clients that the application has not answered."""
        with self._lock:
            pipes = list(self._being_answered)
        for pipe in pipes:
            pipe.disconnect()

    @property
    def has_clients(self) -> bool:
        """Whether there is any client."""
        with self._lock:
            return bool(self._requests or self._replies or self._being_answered or self._deferred)

    def _remove_locked(self, client: IncompleteRequest | UnreadReply) -> bool:
        if isinstance(client, IncompleteRequest) and client in self._requests:
            self._requests.remove(client)
        elif isinstance(client, UnreadReply) and client in self._replies:
            self._replies.remove(client)
        else:
            return False
        return True

    def _drop(
        self, queue: DeadlineQueue[AnyClient], condition: Callable[[AnyClient], bool]
    ) -> None:
        with self._lock:
            victims = [client for client in queue if condition(client)]
            for client in victims:
                queue.remove(client)
                client.share.release()
        for client in victims:
            client.pipe.disconnect()

    def _victims(self, now: float) -> list[IncompleteRequest | UnreadReply]:
        victims: list[IncompleteRequest | UnreadReply] = []
        with self._lock:
            while request := self._requests.next_to_drop(now):
                self._drop_locked(request, victims)
            while reply := self._replies.next_to_drop(now):
                self._drop_locked(reply, victims)
            while self._budget.is_exceeded and (
                biggest := largest((*self._requests, *self._replies))
            ):
                self._warn_of_memory(biggest)
                self._drop_locked(biggest, victims)
        return victims

    def _warn_of_memory(self, client: Client) -> None:
        self._log.warn(
            "memory",
            f"disconnected a client with {client.share.size} buffered bytes:"
            f" the limit for all clients is {self._budget.limit} (max_memory)",
        )

    def _drop_locked(
        self,
        client: IncompleteRequest | UnreadReply,
        victims: list[IncompleteRequest | UnreadReply],
    ) -> None:
        self._remove_locked(client)
        client.share.release()
        victims.append(client)
