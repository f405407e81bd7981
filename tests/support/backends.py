"""The ways to watch a tree on this platform, and what each of them lacks."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.running import skip_missing
from support.trees.steps import TIMESTAMP_STEP
from support.wine import BELOW_RENAMED, NO_LINKS, RENAME_CASE, is_wine

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import How, watcher_for_platform
from fsmond.watching.contract import Sink, Watcher
from fsmond.watching.limits import WatchError

EVENTS = {"linux": "inotify", "win32": "ReadDirectoryChangesW", "darwin": "FSEvents"}
MARKS = "fanotify's marks of directories"
SECOND = ["fanotify", MARKS] if sys.platform == "linux" else []
BACKENDS = [
    *(name for system, name in EVENTS.items() if system == sys.platform),
    *SECOND,
    "scanning",
]
TIMEOUT = 10.0  # seconds


@contextmanager
def watching(
    root: Path, backend: str, excluded: frozenset[bytes] = frozenset(), timeout: float = TIMEOUT
) -> Iterator[Monitor]:
    """Watch a tree."""
    ways: dict[str, How] = {"scanning": "scan", "fanotify": "fanotify"}
    make: Callable[..., Watcher] = partial(watcher_for_platform, how=ways.get(backend, "events"))
    if backend in SECOND:
        skip_without_fanotify()
    if backend == MARKS:
        make = marking_watcher
    monitor = Monitor(os.fsencode(root), make, excluded=excluded, timeout=timeout)
    try:
        monitor.start(timeout=30)
        if is_wine():
            # Wine removes a directory only when it is no longer open, unlike Windows 10; building
            # the index opens each directory for a moment.
            until_built(monitor)
        yield monitor
    finally:
        monitor.stop()


def marking_watcher(
    root: bytes, sink: Sink, lock: threading.Lock, excluded: frozenset[bytes]
) -> Watcher:
    """Return a watcher by fanotify that marks each directory, as those of ordinary users do."""
    if sys.platform == "linux":
        from fsmond.watching.fanotify.emitter import FanotifyEmitter
        from fsmond.watching.fanotify.queue import FanotifyQueue
        from fsmond.watching.inotify.mounts import Mounts

        class Marking(FanotifyEmitter):
            def open_queue(self) -> FanotifyQueue:
                return FanotifyQueue(whole=False)

        return Marking(root, sink, lock, excluded, Mounts(root))
    raise NotImplementedError("only Linux has fanotify, see SECOND")


def skip_without_fanotify() -> None:
    """Skip the test if the system does not allow fanotify."""
    if sys.platform == "linux":
        from fsmond.watching.fanotify.queue import FanotifyQueue

        try:
            FanotifyQueue().close()
        except WatchError as error:
            skip_missing(str(error))


def until_built(monitor: Monitor) -> None:
    """Wait until the index is built: from then on, all names of a file are known."""
    deadline = time.monotonic() + TIMEOUT
    while not monitor.index_worker.built:
        assert time.monotonic() < deadline, "there is no index yet"
        time.sleep(0.001)


def wait_until_not_racy(root: Path, backend: str) -> None:
    """Wait until a scan can detect any further change of a file by its timestamp."""
    if backend != "scanning":
        return
    paths = [
        os.path.join(folder, name) for folder, _, names in os.walk(root) for name in (".", *names)
    ]
    newest = max(os.lstat(path).st_mtime for path in paths)
    while time.time() < newest + TIMESTAMP_STEP:
        time.sleep(TIMESTAMP_STEP / 5)


def lacking(folder: Path, backend: str, needs: tuple[str, ...]) -> str | None:
    """Say what is missing of a test's needs, if anything."""
    if "speed" in needs and backend in SECOND:
        return "fanotify's events are read more slowly: on a busy machine its queue overflows"
    for need in needs:
        reason = _lacking(folder, backend, need)
        if reason is not None:
            return reason
    return None


def _lacking(folder: Path, backend: str, need: str) -> str | None:
    match need:
        case "modes":
            return "there are no modes" if sys.platform == "win32" else None
        case "any-bytes" | "exchange":
            return None if sys.platform == "linux" else f"{sys.platform} does not support it"
        case "memory-maps":
            why = "a store through a memory map causes no event"
            return why if backend not in ("inotify", *SECOND, "scanning") else None
        case "history":
            return "a scan misses what appeared and disappeared" if backend == "scanning" else None
        case "below-renamed":
            return BELOW_RENAMED if is_wine() and backend != "scanning" else None
        case "symbolic-links":
            return _without_links(folder)
        case "ignoring-case" | "ignoring-case-of-names":
            return _minding_case(folder, need)
    return None


def _without_links(folder: Path) -> str | None:
    try:
        (folder / "probe").symlink_to("nowhere")
    except OSError as error:
        return f"symbolic links cannot be created: {error.strerror}"
    if not (folder / "probe").is_symlink():
        return NO_LINKS
    (folder / "probe").unlink()
    return None


def _minding_case(folder: Path, need: str) -> str | None:
    (folder / "probe").touch()
    try:
        if not (folder / "PROBE").exists():
            return "the file system is case-sensitive"
        (folder / "probe").rename(folder / "PROBE")
        changed = "PROBE" in os.listdir(folder)
        return None if changed or need == "ignoring-case-of-names" else RENAME_CASE
    finally:
        (folder / "PROBE" if (folder / "PROBE").exists() else folder / "probe").unlink()
