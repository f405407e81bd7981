"""The interface between a platform's source of events and the watcher."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol


class Kind(Enum):
    """What happened to a path."""

    CHANGED = "changed"
    """Its content changed; a directory is still the same one."""
    APPEARED = "appeared"
    """It was created, or something was moved there; may be a directory that is already known."""
    MOVED = "moved"
    """It was renamed, from or to this path."""
    DISAPPEARED = "disappeared"
    """It was removed or moved away; if something appeared since, that has an event of its own."""


class NativeEvent(NamedTuple):
    """One event."""

    path: bytes
    kind: Kind
    is_directory: bool | None = None
    """Whether it was about a directory; None if unknown."""


class Batch(NamedTuple):
    """Events that arrived together, in their order."""

    events: list[NativeEvent]
    lost: str | None = None
    """Why earlier events are missing, if some are."""
    gone: str | None = None
    """Why there will be no more events, if so."""


class Files(Protocol):
    """Access to a tree; paths are relative to its root, and a directory's may end in `/`."""

    def locate(self, path: bytes) -> bytes:
        """Return the path for system calls."""

    def directory_at(self, path: bytes) -> int | None:
        """Return the inode of the directory that is there now; None if there is none.

        A link to a directory does not count, nor does a mount point on Windows.
        """

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return the names of the subdirectories of a directory, and all its other names."""


class Source(Files, Protocol):
    """The source of native events of one tree."""

    def begin(self, deliver: Callable[[Callable[[], Batch]], None]) -> None:
        """Start: every change made after this returns is delivered.

        `deliver` is called on the source's thread, with a function that decodes a batch: that takes
        time, so another thread must call it.  Raise WatchError if there cannot be events.
        """

    def end(self) -> None:
        """Stop, free everything, join all threads.  Harmless when repeated."""
