"""The watcher for the platform this runs on, and for the file system."""

import sys
import threading
from typing import Literal

from fsmond.watching.contract import Sink, Watcher

if sys.platform == "linux":
    from fsmond.watching.inotify import InotifyEmitter
    from fsmond.watching.mounts import Mounts
from fsmond.watching.limits import WatchError
from fsmond.watching.scanning import ScanningWatcher

How = Literal["auto", "events", "scan"]


def watcher_for_platform(
    root: bytes,
    sink: Sink,
    lock: threading.Lock,
    excluded: frozenset[bytes],
    how: How = "auto",
) -> Watcher:
    """Make a watcher of the tree; raise WatchError if that can't be.  See contract.Watcher.

    `how`: by events, by scanning, or as the file system needs it.
    """
    if how == "scan":
        return ScanningWatcher(sink, lock, None)
    if sys.platform == "linux":
        mounts = Mounts(root)
        if how == "auto" and mounts.root is not None and not mounts.root.has_events:
            mounts.close()
            return ScanningWatcher(sink, lock, _no_events(mounts.root.type))
        return InotifyEmitter(root, sink, lock, excluded, mounts)
    raise WatchError(f"fsmond does not watch on {sys.platform} yet, only on Linux")


def _no_events(kind: bytes) -> str:
    return (
        f"the file system, {kind.decode(errors='replace')}, does not tell of others' changes; "
        "if nobody else changes it: fsmond start --watch=events"
    )
