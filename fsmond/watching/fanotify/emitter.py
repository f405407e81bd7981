"""Watch a tree by fanotify, or by it where inotify's watches run out."""

import sys

assert sys.platform == "linux"

import os
from collections.abc import Collection, Mapping

from fsmond.watching.fanotify.queue import FanotifyQueue
from fsmond.watching.fanotify.spare import SpareQueue
from fsmond.watching.inotify.emitter import InotifyEmitter
from fsmond.watching.inotify.source import Source


class FanotifyEmitter(InotifyEmitter):
    """Follows the same rules, as the events are translated."""

    _fanotify: FanotifyQueue

    def open_source(self) -> Source:
        """Return fanotify's queue; raise WatchError."""
        self._fanotify = self.open_queue()
        return self._fanotify

    def open_queue(self) -> FanotifyQueue:
        """Return it; raise WatchError."""
        return FanotifyQueue()

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        """See Watcher.note_linked; for files whose file system is marked as a whole."""
        for inode, path in files.items():
            self._fanotify.note_linked(os.path.join(self._root, path), inode, path)

    def _read_locked(self, ready: Collection[tuple[int, int]]) -> None:
        super()._read_locked(ready)
        found = self._fanotify.take_elsewhere()
        if found:
            self._sink.changed_elsewhere(found)


class SpareEmitter(InotifyEmitter):
    """Uses fanotify when inotify's watches run out."""

    def open_source(self) -> Source:
        """Return inotify's queue, with one in reserve; raise WatchError."""
        return SpareQueue(super().open_source())
