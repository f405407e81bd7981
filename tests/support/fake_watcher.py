"""A fake watcher for tests: it reports what the test queues."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from fsmond.watching.contract import Counts, Known, Sink


class FakeWatcher:
    """Has no tree; `queue_change` stands for a change in one.

    Changes stay queued until `sync`, as in the kernel.
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
        self.is_awaited = False
        self.unreadable_paths: list[bytes] = []
        self.unwatched_paths: list[bytes] = []
        self.compared: list[set[bytes]] = []
        self.calls: list[str] = []
        self.deadlines: list[float] = []
        self._queued: list[list[bytes]] = []

    def queue_change(self, *paths: bytes) -> None:
        """Queue a change of these paths."""
        self._queued.append(list(paths))

    def lose_events(self, detail: str = "somehow") -> None:
        """Report lost events, as watchers do: with the lock held."""
        with self.lock:
            self.sink.lost(detail)

    def cover(self) -> None:
        """Report that all changes are reported from now on."""
        with self.lock:
            self.sink.covered()

    @property
    def is_partial(self) -> bool:
        return bool(self.unwatched_paths)

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
        return list(self.unwatched_paths)

    def remote(self) -> list[bytes]:
        return []

    def partly_watched(self) -> list[bytes]:
        return []

    def expect(self, known: Callable[[bytes], Known | None]) -> None:
        pass

    def note_found(self, prefixes: Iterable[bytes]) -> None:
        pass

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        pass

    def before_comparison(self, prefixes: Collection[bytes]) -> None:
        self.compared.append(set(prefixes))

    def take_removed(self) -> list[bytes]:
        return []

    def unreadable(self) -> list[bytes]:
        return list(self.unreadable_paths)

    def counts(self) -> Counts:
        return Counts(directories=3, events=5, advice="sudo make it better")

    def stop(self) -> None:
        self.calls.append("stop")
