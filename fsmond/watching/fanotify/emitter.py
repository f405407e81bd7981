"""Watch a tree by fanotify, or by it where inotify's watches run out."""

import sys

assert sys.platform == "linux"

from fsmond.watching.fanotify.queue import FanotifyQueue
from fsmond.watching.fanotify.spare import SpareQueue
from fsmond.watching.inotify.emitter import InotifyEmitter
from fsmond.watching.inotify.source import Source


class FanotifyEmitter(InotifyEmitter):
    """Follows the same rules, as the events are translated."""

    def open_source(self) -> Source:
        """Return fanotify's queue; raise WatchError."""
        return FanotifyQueue()


class SpareEmitter(InotifyEmitter):
    """Uses fanotify when inotify's watches run out."""

    def open_source(self) -> Source:
        """Return inotify's queue, with one in reserve; raise WatchError."""
        return SpareQueue(super().open_source())
