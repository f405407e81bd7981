"""What every watcher promises, and what it asks of its owner."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """How a tree is covered, for people who ask."""

    directories: int
    events: int
    """Received since the start."""
    uncovered: int
    """Directories for which no watch was to be had."""


class Sink(Protocol):
    """Who a watcher tells.  Called on any thread, with the watcher's lock held; must not block."""

    def changed(self, paths: Iterable[bytes]) -> None:
        """Take paths relative to the root; a directory ends in `/`: it, and everything below."""

    def lost(self, reason: str, detail: str) -> None:
        """Take notice that changes went by unseen: tokens until now mean nothing any more."""

    def gone(self, detail: str) -> None:
        """Take notice that the tree can't be watched any longer: nothing more will be reported."""


class Watcher(Protocol):
    """Reports the changes below one root."""

    def start(self) -> None:
        """Begin to look: no change made after this returns goes unreported.

        May take seconds, and may be overtaken by `sync`, which then waits within its deadline.
        Raises WatchError, with nothing left running, if the tree can't be watched.
        """

    def sync(self, deadline: float) -> str | None:
        """Have every change reported whose system call returned before this was called.

        Returns None, or the reason why that can't be said: of `sync-timeout` (it was not done by
        `deadline`, in seconds of time.monotonic), `overflow` and `degraded`.
        """

    def unreadable(self) -> list[bytes]:
        """Return the directories of which nothing is ever reported, as nobody may look there."""

    def counts(self) -> Counts:
        """Return figures for people; any thread, at any time."""

    def stop(self) -> None:
        """Look no more, free everything, join all threads.  Harmless when repeated."""
