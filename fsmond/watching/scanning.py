"""Watch a tree without events: the whole tree is compared for each query."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from fsmond.watching.contract import Counts, Known, Sink


class ScanningWatcher:
    """A watcher without events; `advice` says why, and what would help."""

    is_partial = True
    is_awaited = False
    is_settled = True

    def __init__(self, sink: Sink, lock: threading.Lock, advice: str | None) -> None:
        self._sink = sink
        self._lock = lock  # guards the sink
        self._advice = advice

    def start(self) -> None:
        """See Watcher.start."""
        with self._lock:
            self._sink.covered()

    def sync(self, deadline: float) -> str | None:  # noqa: ARG002 - there is nothing to wait for
        """See Watcher.sync."""
        return None

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        return [b""]

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        return []

    def partly_watched(self) -> list[bytes]:
        """See Watcher.partly_watched."""
        return []

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return []

    def expect(self, known: Callable[[bytes], Known | None]) -> None:
        """See Watcher.expect; nothing is listed in advance."""

    def note_found(self, prefixes: Iterable[bytes]) -> None:
        """See Watcher.note_found; directories need no watch of their own."""

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        """See Watcher.note_linked; nothing is known of what is outside of the tree."""

    def before_comparison(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.before_comparison."""

    def take_removed(self) -> list[bytes]:
        """See Watcher.take_removed."""
        return []

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable; the comparison finds such directories."""
        return []

    def counts(self) -> Counts:
        """See Watcher.counts."""
        return Counts(directories=0, events=0, advice=self._advice)

    def stop(self) -> None:
        """See Watcher.stop."""
