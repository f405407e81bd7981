"""The watcher for the platform this runs on."""

import sys
import threading

from fsmond.watching.contract import Sink, Watcher

if sys.platform == "linux":
    from fsmond.watching.inotify import InotifyEmitter
from fsmond.watching.limits import WatchError


def watcher_for_platform(
    root: bytes, sink: Sink, lock: threading.Lock, excluded: frozenset[bytes]
) -> Watcher:
    """Make a watcher of the tree; raise WatchError if that can't be.  See contract.Watcher."""
    if sys.platform == "linux":
        return InotifyEmitter(root, sink, lock, excluded)
    raise WatchError(f"fsmond does not watch on {sys.platform} yet, only on Linux")
