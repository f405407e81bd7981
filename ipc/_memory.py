"""Bound the bytes that are kept in memory for all clients of a server together."""

import threading


class Memory:
    """What is kept for all clients; any thread may use it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()  # guards what follows; read without it, that is a hint
        self._kept = 0

    @property
    def is_short(self) -> bool:
        """Whether more is kept than may be."""
        return self._kept > self.most

    def change(self, by: int) -> None:
        """Count so many bytes more, or less."""
        with self._lock:
            self._kept += by


class Share:
    """What is kept for one client, until `release`; used by one thread at a time."""

    __slots__ = ("_memory", "size")

    def __init__(self, memory: Memory, size: int) -> None:
        self._memory = memory
        self.size = 0
        self.resize(size)

    def resize(self, size: int) -> None:
        """Take notice that more, or less, is kept."""
        self._memory.change(size - self.size)
        self.size = size

    def release(self) -> None:
        """Take notice that nothing is kept any more.  Harmless when repeated."""
        self.resize(0)
