"""inotify's queue, and fanotify's for what has no room there: each has limits of its own."""

import sys

assert sys.platform == "linux"

import errno
from collections.abc import Sequence

from fsmond.watching.fanotify.queue import FanotifyQueue
from fsmond.watching.inotify.source import Source
from fsmond.watching.limits import WatchError


class SpareQueue:
    """See Source.  A directory stays where it was first watched."""

    def __init__(self, first: Source) -> None:
        self._first = first
        self._second: FanotifyQueue | None = None  # made when it is needed

    @property
    def filenos(self) -> Sequence[int]:
        """See Source."""
        if self._second is None:
            return self._first.filenos
        return (*self._first.filenos, *self._second.filenos)

    @property
    def shareable(self) -> Source | None:
        """See Source."""
        return self._first.shareable

    def watch(self, path: bytes) -> int:
        """See Source."""
        known = None if self._second is None else self._second.known(path)
        if known is not None:
            return known
        try:
            return self._first.watch(path)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return self._watch_by_second(path, error)

    def unwatch(self, descriptor: int) -> None:
        """See Source."""
        if descriptor >= 0:  # fanotify's are below
            self._first.unwatch(descriptor)
        elif self._second is not None:
            self._second.unwatch(descriptor)

    def read(self, fileno: int) -> bytes:
        """See Source."""
        if self._second is not None and fileno in self._second.filenos:
            return self._second.read(fileno)
        return self._first.read(fileno)

    def no_watch(self, root: bytes, error: OSError) -> WatchError:
        """See Source."""
        return self._first.no_watch(root, error)

    def close(self) -> None:
        """See Source."""
        self._first.close()
        if self._second is not None:
            self._second.close()

    def _watch_by_second(self, path: bytes, full: OSError) -> int:
        """Watch it by fanotify; raise what inotify said if that is not possible either."""
        try:
            if self._second is None:
                self._second = FanotifyQueue()
            return self._second.watch(path)
        except WatchError:
            raise full from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EXDEV):
                raise full from None
            raise
