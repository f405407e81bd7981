"""The watcher for this platform and this file system."""

import sys
import threading
from typing import Literal

from fsmond.watching.contract import Sink, Watcher

if sys.platform == "linux":
    from fsmond.watching.fanotify.emitter import FanotifyEmitter, SpareEmitter
    from fsmond.watching.inotify.filesystems import is_local
    from fsmond.watching.inotify.mounts import Mounts
    from fsmond.watching.inotify.opening import has_proc_links
elif sys.platform == "win32":
    from fsmond.watching.native.event_support_windows import why_incomplete
    from fsmond.watching.native.watcher import NativeWatcher
    from fsmond.watching.native.windows import WindowsEmitter
elif sys.platform == "darwin":
    from fsmond.watching.native.fsevents import MacEmitter
    from fsmond.watching.native.watcher import NativeWatcher
from fsmond.watching.limits import WatchError
from fsmond.watching.scanning import ScanningWatcher

How = Literal["auto", "events", "fanotify", "scan"]


def watcher_for_platform(
    root: bytes,
    sink: Sink,
    lock: threading.Lock,
    excluded: frozenset[bytes],
    how: How = "auto",
) -> Watcher:
    """Make a watcher of the tree; raise WatchError if that is not possible.

    See contract.Watcher.  `how`: by events, by those of fanotify alone, by scanning, or as the file
    system needs it.
    """
    if how == "scan":
        return ScanningWatcher(sink, lock, None)
    if sys.platform == "linux":
        mounts = Mounts(root)
        why = _why_no_events(root, mounts, how)
        if why is not None:
            mounts.close()
            return ScanningWatcher(sink, lock, why)
        emitters = [FanotifyEmitter] if how == "fanotify" else [SpareEmitter, FanotifyEmitter]
        reasons = []
        for emitter in emitters:
            try:
                return emitter(root, sink, lock, excluded, mounts)
            except WatchError as error:  # other programs have the last inotify instance
                reasons.append(error)
                mounts = Mounts(root)  # the emitter has closed them
        mounts.close()
        return ScanningWatcher(sink, lock, f"{reasons[0]}; then: fsmond restart")
    if sys.platform == "win32":
        why = why_incomplete(root) if how == "auto" else None
        if why is not None:
            return ScanningWatcher(sink, lock, why)
        return NativeWatcher(root, sink, lock, excluded, WindowsEmitter)
    if sys.platform == "darwin":
        return NativeWatcher(root, sink, lock, excluded, MacEmitter)
    raise WatchError(f"fsmond has no events on {sys.platform}; instead: fsmond start --watch=scan")


if sys.platform == "linux":

    def why_no_events(root: bytes) -> str | None:
        """Return why events would not report all changes of a tree, and what to do; else None."""
        mounts = Mounts(root)
        try:
            return _why_no_events(root, mounts, "auto")
        finally:
            mounts.close()

    def _why_no_events(root: bytes, mounts: Mounts, how: How) -> str | None:
        """Return why events do not report all changes, if so: then each query compares the tree."""
        if not has_proc_links(root):
            return "directories are opened through /proc, which is not mounted or not our own"
        if how in ("events", "fanotify"):
            return None
        if not mounts.is_readable:
            return "/proc/self/mountinfo cannot be read, so mounts are not known"
        if mounts.root is None:
            return None if is_local(root) else _advice("the file system, which is unknown,")
        if not mounts.root.has_events:
            return _advice(f"the file system, {mounts.root.type.decode(errors='replace')},")
        return None

    def _advice(file_system: str) -> str:
        return (
            f"{file_system} does not report changes made by others; "
            "if only this machine changes it: fsmond start --watch=events"
        )
