"""The watcher for the platform this runs on, and for the file system."""

import sys
import threading
from typing import Literal

from fsmond.watching.contract import Sink, Watcher

if sys.platform == "linux":
    from fsmond.watching.filesystems import is_local
    from fsmond.watching.inotify import InotifyEmitter
    from fsmond.watching.mounts import Mounts
    from fsmond.watching.opening import has_links
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
        why = _why_no_events(root, mounts, how)
        if why is not None:
            mounts.close()
            return ScanningWatcher(sink, lock, why)
        return InotifyEmitter(root, sink, lock, excluded, mounts)
    if sys.platform == "win32":
        why = doubt(root) if how == "auto" else None
        if why is not None:
            return ScanningWatcher(sink, lock, why)
        return NativeWatcher(root, sink, lock, excluded, WindowsEmitter)
    if sys.platform == "darwin":
        return NativeWatcher(root, sink, lock, excluded, MacEmitter)
    raise WatchError(f"fsmond has no events on {sys.platform}; instead: fsmond start --watch=scan")


if sys.platform == "linux":

    def _why_no_events(root: bytes, mounts: Mounts, how: How) -> str | None:
        """Return why a tree is to be compared for each query, if events do not tell all."""
        if not has_links(root):
            return "/proc is not mounted, or not ours, and directories are opened by way of it"
        if how == "events":
            return None
        if not mounts.is_known:
            return "/proc/self/mountinfo cannot be read, so it is not known what is mounted"
        if mounts.root is None:
            return None if is_local(root) else _advice("the file system, which is not known,")
        if not mounts.root.has_events:
            return _advice(f"the file system, {mounts.root.type.decode(errors='replace')},")
        return None

    def _advice(file_system: str) -> str:
        return (
            f"{file_system} does not tell of others' changes; "
            "if nobody else changes it: fsmond start --watch=events"
        )
