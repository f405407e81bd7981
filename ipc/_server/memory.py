"""Limit the bytes that are buffered for all clients of a server together."""

import threading


class MemoryBudget:
    """The bytes that are buffered for all clients; any thread may use it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()  # guards everything below; without it, a read is a hint
        self._used = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether more bytes are buffered than the limit."""
        return self._used > self.limit

    def change(self, by: int) -> None:
        """Add to the number of buffered bytes; `by` may be negative."""
        with self._lock:
            self._used += by


class Share:
    """The bytes that are buffered for one client, until `release`; for one thread at a time."""

    __slots__ = ("_budget", "size")

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self._budget = budget
        self.size = 0
        self.resize(size)

    def resize(self, size: int) -> None:
        """Set the number of buffered bytes."""
        self._budget.change(size - self.size)
        self.size = size

    def release(self) -> None:
        """Set the number of buffered bytes to zero.  Harmless when repeated."""
        self.resize(0)
