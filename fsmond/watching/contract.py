"""What every watcher promises, and what it asks of its owner."""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """How a tree is covered, for people who ask."""

    directories: int
    """Whose changes are told by events."""
    events: int
    """Received since the start."""
    advice: str | None = None
    """Why events don't tell all, and what would help."""
    unlisted: int = 0
    """Directories among them that are yet to be listed, so that what is in them is covered too."""


class Sink(Protocol):
    """Who a watcher tells.  Called on any thread, with the watcher's lock held; must not block."""

    def changed(self, paths: Collection[bytes]) -> None:
        """Take paths relative to the root; a directory ends in `/`: it, and everything below."""

    def came(self, paths: Iterable[bytes]) -> None:
        """Take those of the changed paths, directories left out, that were not there before."""

    def doubt(self, prefix: bytes) -> None:
        """Take a directory in which more may have changed than is told, but not below it.

        It is to be compared before the next answer.
        """

    def moved(self, old: bytes, new: bytes) -> None:
        """Take notice that what had one path has the other now; those of directories end in `/`.

        Told before what changed by the new path is; not all watchers know.
        """

    def settle(self, deadline: float) -> bool:
        """Do until `deadline` what can be done about all that before somebody asks.

        Returns whether nothing is left; else it is to be called again.
        """

    def caught_up(self) -> None:
        """Take notice that all that was reported until now `is_settled`, in the watcher's words.

        Called at least in each `sync` that returns None, before the lock is released.
        """

    def lost(self, detail: str) -> None:
        """Take notice that changes go by unseen, from some time ago until `covered`."""

    def covered(self) -> None:
        """Take notice that from now on every change is reported, but in what is `unwatched`."""

    def gone(self, detail: str) -> None:
        """Take notice that the tree can't be watched any longer: nothing more will be reported."""


class Watcher(Protocol):
    """Reports the changes below one root."""

    @property
    def is_partial(self) -> bool:
        """Say whether `unwatched` or `unsure` would return anything; any thread, at any time."""

    def start(self) -> None:
        """Begin to look, and return at once; the sink is told when all is `covered`."""

    def sync(self, deadline: float) -> str | None:
        """Have every change reported whose system call returned before this was called.

        Returns None, or the reason why that can't be said: of `sync-timeout` (it was not done by
        `deadline`, in seconds of time.monotonic) and `overflow`.
        """

    @property
    def is_settled(self) -> bool:
        """Say whether nothing that was reported has still to be listed.  The lock must be held."""

    def unwatched(self) -> list[bytes]:
        """Return the directories of which, and of all below them, changes are not reported.

        Those among them as well that are watched by now, and were not when they were compared.
        Prefixes: with a `/` behind, nothing for the root.  The lock must be held.
        """

    def remote(self) -> list[bytes]:
        """Return those of `unwatched` that may never answer.  The lock must be held."""

    def unsure(self) -> list[bytes]:
        """Return the directories in which, but not below, some changes are not reported.

        Prefixes, as of `unwatched`.  The lock must be held.
        """

    def watched(self) -> list[bytes]:
        """Return the directories whose changes are told by events.  The lock must be held."""

    def note_compared(self, prefixes: Collection[bytes]) -> None:
        """Take notice that these are about to be compared.  The lock must be held."""

    def take_departed(self) -> list[bytes]:
        """Return the directories that left their places since this was called last.

        They may be there again; what was known of them does not hold.  The lock must be held.
        """

    def unreadable(self) -> list[bytes]:
        """Return the directories of which nothing is ever reported, as nobody may look there."""

    def counts(self) -> Counts:
        """Return figures for people; any thread, at any time."""

    def stop(self) -> None:
        """Look no more, free everything, join all threads.  Harmless when repeated."""
