"""The watcher for the platform this runs on, and for the file system."""

import sys
import threading
from typing import Literal

from fsmond.watching.contract import Sink, Watcher

if sys.platform == "linux":
    from fsmond.watching.inotify import InotifyEmitter
    from fsmond.watching.mounts import Mounts
elif sys.platform == "win32":
    from fsmond.watching.doubts_windows import doubt
    from fsmond.watching.native import NativeWatcher
    from fsmond.watching.windows import WindowsEmitter
elif sys.platform == "darwin":
    from fsmond.watching.fsevents import MacEmitter
    from fsmond.watching.native import NativeWatcher
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
    if sys.platform == "win32":
        why = doubt(root) if how == "auto" else None
        if why is not None:
            return ScanningWatcher(sink, lock, why)
        return NativeWatcher(root, sink, lock, excluded, WindowsEmitter)
    if sys.platform == "darwin":
        return NativeWatcher(root, sink, lock, excluded, MacEmitter)
    raise WatchError(f"fsmond has no events on {sys.platform}; instead: fsmond start --watch=scan")


def _no_events(kind: bytes) -> str:
    return (
        f"the file system, {kind.decode(errors='replace')}, does not tell of others' changes; "
        "if nobody else changes it: fsmond start --watch=events"
    )
