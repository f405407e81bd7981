"""What a native source of events tells, the same for all platforms that have one."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol


class Kind(Enum):
    """What happened to a path."""

    CHANGED = "changed"
    """What is in it; a directory is as it was."""
    CAME = "came"
    """It was made, or something was put there; a directory that is known there may be the same."""
    MOVED = "moved"
    """It was renamed, from there or to there."""
    WENT = "went"
    """It is, or was, not there any more; if something came since, an event tells that, too."""


class Happening(NamedTuple):
    """One event."""

    path: bytes
    kind: Kind
    is_directory: bool | None = None
    """Whether it was about a directory; None if nobody knows."""


class Batch(NamedTuple):
    """What was told at once, in its order."""

    happenings: list[Happening]
    lost: str | None = None
    """Why events before these are missing, if some are."""
    gone: str | None = None
    """Why there will be no more, if so."""


class Files(Protocol):
    """How to look at a tree; paths are relative to its root, and a directory's may end in `/`."""

    def locate(self, path: bytes) -> bytes:
        """Return what leads there in a system call."""

    def directory_at(self, path: bytes) -> int | None:
        """Return the inode of the directory that is there now; None if there is none.

        A link to one is none, nor is what is mounted on a directory of Windows.
        """

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return the names of the directories in a directory, and those of all else."""


class Source(Files, Protocol):
    """Where native events of one tree come from."""

    def begin(self, hand_on: Callable[[Callable[[], Batch]], None]) -> None:
        """Begin to look: no change made after this returns is missing in what is handed on.

        `hand_on` is called on a thread of the source's, with what reads a batch: that takes its
        time, and is to be called on another one.  Raises WatchError if there can't be events.
        """

    def end(self) -> None:
        """Look no more, free everything, join all threads.  Harmless when repeated."""
