"""Watch a tree without any events: all of it is to be compared each time."""

import threading
from collections.abc import Collection

from fsmond.watching.contract import Counts, Sink


class ScanningWatcher:
    """A watcher that watches nothing; `advice` says why, and what would help."""

    is_partial = True
    is_settled = True

    def __init__(self, sink: Sink, lock: threading.Lock, advice: str | None) -> None:
        self._sink = sink
        self._lock = lock  # guards the sink
        self._advice = advice

    def start(self) -> None:
        """See Watcher.start."""
        with self._lock:
            self._sink.covered()

    def sync(self, deadline: float) -> str | None:  # noqa: ARG002 - nothing is waited for
        """See Watcher.sync."""
        return None

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        return [b""]

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        return []

    def unsure(self) -> list[bytes]:
        """See Watcher.unsure."""
        return []

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return []

    def note_compared(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.note_compared."""

    def take_departed(self) -> list[bytes]:
        """See Watcher.take_departed."""
        return []

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable; the comparison finds those."""
        return []

    def counts(self) -> Counts:
        """See Watcher.counts."""
        return Counts(directories=0, events=0, advice=self._advice)

    def stop(self) -> None:
        """See Watcher.stop."""
