"""Bound how many workers wait for clients that do not read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Stream = TypeVar("Stream")


class Held(Generic[Stream]):
    """The clients for which a worker waits, oldest first; any thread may use it."""

    def __init__(self, most: int, cut: Callable[[Stream], None]) -> None:
        self._most = most
        self._cut = cut  # has the wait for a client end
        self._lock = threading.Lock()  # guards what follows
        self._waiting: dict[Stream, None] = {}

    @contextmanager
    def holding(self, stream: Stream) -> Iterator[None]:
        """Note that a worker waits for a client; when too many do, the first has to go."""
        with self._lock:
            victim = None
            if len(self._waiting) >= self._most:
                victim = next(iter(self._waiting))
                del self._waiting[victim]
            self._waiting[stream] = None
        if victim is not None:
            self._cut(victim)
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(stream, None)

    def let_go(self) -> None:
        """Have no worker wait any more."""
        with self._lock:
            victims = list(self._waiting)
        for victim in victims:
            self._cut(victim)
