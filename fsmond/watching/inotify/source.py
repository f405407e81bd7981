"""What a source of the kernel's events does: inotify, fanotify, or both."""

from collections.abc import Sequence
from typing import Protocol

from fsmond.watching.limits import WatchError


class Source(Protocol):
    """Watches of directories, and the events that the kernel has queued for them.

    Not thread-safe; its owner holds a lock.  Raises OSError with the kernel's errno, ENOSPC if
    there may be no more watches.
    """

    @property
    def filenos(self) -> Sequence[int]:
        """The descriptors, readable when an event is queued; `watch` may add one."""

    @property
    def shareable(self) -> "Source | None":
        """What a fork of this process may watch by as well: descriptors come from the kernel."""

    def watch(self, path: bytes) -> int:
        """Watch the directory that is at `path` now; return its watch descriptor, new or known."""

    def unwatch(self, descriptor: int) -> None:
        """Remove a watch.  Harmless when the kernel already did so."""

    def read(self, fileno: int) -> bytes:
        """Read all events that are queued at this moment, in inotify's form.

        `fileno`: which of `filenos` is readable.
        """

    def no_watch(self, root: bytes, error: OSError) -> WatchError:
        """Explain why the root, or a directory below it, cannot be watched."""

    def close(self) -> None:
        """Remove all watches.  Harmless when repeated."""
