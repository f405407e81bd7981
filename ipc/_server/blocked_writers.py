"""Limit how many workers wait for clients that do not read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Stream = TypeVar("Stream")


class BlockedWriters(Generic[Stream]):
    """The clients that block a worker, oldest first; any thread may use it."""

    def __init__(self, limit: int, disconnect: Callable[[Stream], None]) -> None:
        self._limit = limit
        self._disconnect = disconnect  # ends the wait of the worker
        self._lock = threading.Lock()  # guards everything below
        self._blocked: dict[Stream, None] = {}

    @contextmanager
    def blocked_on(self, stream: Stream) -> Iterator[None]:
        """Register a worker's wait for a client; above the limit, disconnect the oldest client."""
        with self._lock:
            victim = None
            if len(self._blocked) >= self._limit:
                victim = next(iter(self._blocked))
                del self._blocked[victim]
            self._blocked[stream] = None
        if victim is not None:
            self._disconnect(victim)
        try:
            yield
        finally:
            with self._lock:
                self._blocked.pop(stream, None)

    def disconnect_all(self) -> None:
        """End the wait of every worker."""
        with self._lock:
            victims = list(self._blocked)
        for victim in victims:
            self._disconnect(victim)
