"""A watcher of nothing, for tests: it says what it is told to say."""

import threading

from fsmond.watching.contract import Counts, Sink


class FakeWatcher:
    """Has no tree; `report` stands for what happens in one.

    Changes are queued until `sync`, as the kernel does.
    """

    def __init__(
        self, root: bytes, sink: Sink, lock: threading.Lock, excluded: frozenset[bytes]
    ) -> None:
        self.root = root
        self.sink = sink
        self.lock = lock
        self.excluded = excluded
        self.trouble: str | None = None
        self.closed_to_us: list[bytes] = []
        self.calls: list[str] = []
        self.deadlines: list[float] = []
        self._queued: list[list[bytes]] = []

    def happen(self, *paths: bytes) -> None:
        """Queue a change of these."""
        self._queued.append(list(paths))

    def lose(self, reason: str, detail: str = "somehow") -> None:
        """Report a loss, as watchers do: with the lock held."""
        with self.lock:
            self.sink.lost(reason, detail)

    def start(self) -> None:
        self.calls.append("start")
        self.lose("sync-timeout", "the first survey")

    def sync(self, deadline: float) -> str | None:
        self.deadlines.append(deadline)
        with self.lock:
            for paths in self._queued:
                self.sink.changed(paths)
        self._queued.clear()
        return self.trouble

    def unreadable(self) -> list[bytes]:
        return list(self.closed_to_us)

    def counts(self) -> Counts:
        return Counts(directories=3, events=5, uncovered=1)

    def stop(self) -> None:
        self.calls.append("stop")
