"""A bounded queue of slow clients, ordered by their deadlines."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from ipc._server.memory import Share


class SlowClient:
    """A client with an incomplete request or an unread answer."""

    def __init__(self, deadline: float, share: Share) -> None:
        self.deadline = deadline  # in seconds of time.monotonic
        self.share = share  # of the memory budget


AnyClient = TypeVar("AnyClient", bound=SlowClient)


class DeadlineQueue(Generic[AnyClient]):
    """A bounded number of clients, in the order of their deadlines; not thread-safe."""

    def __init__(self, limit: int) -> None:
        self._clients: dict[AnyClient, None] = {}
        self._limit = limit

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[AnyClient]:
        return iter(self._clients)

    def __contains__(self, client: AnyClient) -> bool:
        return client in self._clients

    def add(self, client: AnyClient) -> None:
        """Append a client; its deadline must not be earlier than any in the queue."""
        self._clients[client] = None

    def remove(self, client: AnyClient) -> None:
        """Remove a client."""
        del self._clients[client]

    def oldest(self) -> AnyClient | None:
        """Return the client that was added first."""
        return next(iter(self._clients), None)

    @property
    def is_full(self) -> bool:
        """Whether there are as many clients as the limit allows."""
        return len(self._clients) >= self._limit

    @property
    def is_over_limit(self) -> bool:
        """Whether there are more clients than the limit."""
        return len(self._clients) > self._limit

    def next_to_drop(self, now: float) -> AnyClient | None:
        """Return the oldest client if its deadline has passed or there are too many."""
        client = self.oldest()
        return client if client and (client.deadline <= now or self.is_over_limit) else None


def largest(clients: Iterable[AnyClient]) -> AnyClient | None:
    """Return the client with the largest share of memory; of several, the oldest one."""
    return max(clients, key=lambda client: client.share.size, default=None)
