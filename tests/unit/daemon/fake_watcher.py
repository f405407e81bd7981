"""A watcher of nothing, for tests: it says what it is told to say."""

import threading
from collections.abc import Collection

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
        self.is_settled = True
        self.closed_to_us: list[bytes] = []
        self.blind: list[bytes] = []
        self.compared: list[set[bytes]] = []
        self.calls: list[str] = []
        self.deadlines: list[float] = []
        self._queued: list[list[bytes]] = []

    def happen(self, *paths: bytes) -> None:
        """Queue a change of these."""
        self._queued.append(list(paths))

    def lose(self, detail: str = "somehow") -> None:
        """Report that events are lost, as watchers do: with the lock held."""
        with self.lock:
            self.sink.lost(detail)

    def cover(self) -> None:
        """Report that all changes are told from now on."""
        with self.lock:
            self.sink.covered()

    @property
    def is_partial(self) -> bool:
        return bool(self.blind)

    def start(self) -> None:
        self.calls.append("start")
        self.cover()

    def sync(self, deadline: float) -> str | None:
        self.deadlines.append(deadline)
        with self.lock:
            for paths in self._queued:
                self.sink.changed(paths)
            if self.trouble is None and self.is_settled:
                self.sink.caught_up()
        self._queued.clear()
        return self.trouble

    def watched(self) -> list[bytes]:
        return []

    def unwatched(self) -> list[bytes]:
        return list(self.blind)

    def remote(self) -> list[bytes]:
        return []

    def unsure(self) -> list[bytes]:
        return []

    def note_compared(self, prefixes: Collection[bytes]) -> None:
        self.compared.append(set(prefixes))

    def take_departed(self) -> list[bytes]:
        return []

    def unreadable(self) -> list[bytes]:
        return list(self.closed_to_us)

    def counts(self) -> Counts:
        return Counts(directories=3, events=5, advice="sudo make it better")

    def stop(self) -> None:
        self.calls.append("stop")
