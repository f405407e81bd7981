"""What every watcher guarantees, and the sink that it reports to."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """How much of a tree is watched, for people."""

    directories: int
    """Watched by events."""
    events: int
    """Received since the start."""
    advice: str | None = None
    """Why events do not report all changes, and what would help."""
    unlisted: int = 0
    """Directories among them that have yet to be listed; until then what is in them is missed."""


Known = tuple[list[bytes], bytes | None]
"""The names of the subdirectories that a directory had, and of one of its files if it had any."""


CREATED, PRESENT, REMOVED = 1, 2, 3
"""What became of a name: it is new; it is there, and may be new; it was removed or moved away."""


class Sink(Protocol):
    """Receives a watcher's reports, on any thread, with its lock held; must not block.

    `gone` may also be called without the lock.
    """

    def changed(self, paths: Collection[bytes], names: Mapping[bytes, int] | None = None) -> None:
        """Take paths relative to the root; `dir/` means the directory and everything below it.

        `names`: what became of some of them at last, as far as events say: CREATED, PRESENT or
        REMOVED.
        """

    def appeared(self, paths: Iterable[bytes]) -> None:
        """Take those of the changed paths that were not there before; no directories."""

    def changed_elsewhere(self, files: Mapping[int, bytes]) -> None:
        """Take files that changed under names outside of the tree: a path of each, by inode."""

    def recheck(self, prefix: bytes) -> None:
        """Take a directory in which, but not below which, unreported changes are possible.

        It must be compared before the next answer.
        """

    def moved(self, old: bytes, new: bytes) -> None:
        """Take the old and the new path of something that moved; those of directories end in `/`.

        Called before any change under the new path is reported; not every watcher knows of moves.
        """

    def prepare(self, deadline: float) -> bool:
        """Do work that the next query would otherwise have to do, until `deadline`.

        Return whether nothing is left; if something is, it is to be called again.
        """

    def caught_up(self) -> None:
        """Note that everything reported so far `is_settled`, as the watcher defines it.

        Called before a `sync` returns None, unless events are of no use: then the root is
        `unwatched`.
        """

    def lost(self, detail: str) -> None:
        """Note that changes are missed, from some time ago until `covered`."""

    def covered(self) -> None:
        """Note that every change is reported from now on, except in what is `unwatched`."""

    def gone(self, detail: str) -> None:
        """Note that the tree cannot be watched any longer: no more reports will follow."""


class Watcher(Protocol):
    """Reports the changes below one root."""

    is_awaited: bool
    """Whether someone waits for changes, so that they are reported at once; set on any thread."""

    @property
    def is_partial(self) -> bool:
        """Whether `unwatched` or `partly_watched` would return anything; on any thread."""

    def start(self) -> None:
        """Start watching, and return at once; raise WatchError if there cannot be events.

        `Sink.covered` is called when all is covered.
        """

    def sync(self, deadline: float) -> str | None:
        """Report every change whose system call returned before this was called.

        Return None, or the reason why that cannot be guaranteed: `sync-timeout` (not done by
        `deadline`, in seconds of time.monotonic), `overflow`, or `degraded` (`Sink.gone` was
        called).  The lock must not be held.
        """

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was reported has yet to be listed.  The lock must be held."""

    def unwatched(self) -> list[bytes]:
        """Return the directories in which, and below which, changes are not reported.

        Includes those that are watched by now, but were not when they were last compared.
        Prefixes: paths that end in `/`, empty for the root.  The lock must be held.
        """

    def remote(self) -> list[bytes]:
        """Return those of `unwatched` that may never respond.  The lock must be held."""

    def partly_watched(self) -> list[bytes]:
        """Return the directories in which, but not below which, some changes are not reported.

        Prefixes, as `unwatched` returns.  The lock must be held.
        """

    def watched(self) -> list[bytes]:
        """Return the directories whose changes are reported by events.  The lock must be held."""

    def expect(self, known: Callable[[bytes], Known | None]) -> None:
        """Take what was known of each directory, by its prefix: it need not be listed then.

        Only until `Sink.covered` is called; a comparison of the whole tree must follow, and call
        `note_found`.  The lock must be held.
        """

    def note_found(self, prefixes: Iterable[bytes]) -> None:
        """Note that a comparison found these directories: they are watched if they are not yet.

        The next `sync` does that.  The lock must be held.
        """

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        """Note which files have several names: a path of each, by inode; the lock must be held.

        Where the system says so, what happens to them outside of the tree is reported to
        `Sink.changed_elsewhere`.
        """

    def before_comparison(self, prefixes: Collection[bytes]) -> None:
        """Note that these directories are about to be compared.  The lock must be held."""

    def take_removed(self) -> list[bytes]:
        """Return the directories that were removed or moved away since the last call.

        They may be back; what was known of them is void.  The lock must be held.
        """

    def unreadable(self) -> list[bytes]:
        """Return the directories that this user may not read, so changes there are unknown.

        Any thread.
        """

    def counts(self) -> Counts:
        """Return figures for people; any thread, at any time."""

    def stop(self) -> None:
        """Stop watching, free everything, join all threads.  Harmless when repeated."""
