"""The source of events on macOS: FSEvents, on watchdog's event thread."""

import sys

assert sys.platform == "darwin"

import fcntl
import os
import threading
from collections.abc import Callable
from functools import partial

from watchdog.observers.api import EventQueue, ObservedWatch
from watchdog.observers.fsevents import FSEventsEmitter

from fsmond.watching.limits import WatchError
from fsmond.watching.native.fsevents_flags import is_lost, is_root, to_event
from fsmond.watching.native.listing import contents, directory_at
from fsmond.watching.native.source import Batch, NativeEvent

LATENCY = 0.001  # seconds in which the system gathers events; the first one arrives at once
_MAX_PATH = 1024  # bytes of a path, the system's own limit


class MacEmitter(FSEventsEmitter):
    """A watchdog emitter that delivers what it receives, unchanged.

    watchdog's own checks the file at each event, and ignores events that report a loss.
    """

    def __init__(self, root: bytes) -> None:
        # The system reports paths with links resolved, and in the case of the file system.
        self._base = _real_path(root).rstrip(b"/") + b"/"
        watch = ObservedWatch(os.fsdecode(self._base[:-1] or b"/"), recursive=True)
        super().__init__(EventQueue(), watch, timeout=60, latency=LATENCY)
        self.name = "fsmond-read"
        self._deliver: Callable[[Callable[[], Batch]], None] | None = None
        self._ended = threading.Lock()  # taken for good by the first `end`

    def locate(self, path: bytes) -> bytes:
        """See Source.locate."""
        return self._base + path

    def directory_at(self, path: bytes) -> int | None:
        """See Source.directory_at."""
        return directory_at(self._base + path)

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        """See Source.contents."""
        return contents(self._base + path)

    def begin(self, deliver: Callable[[Callable[[], Batch]], None]) -> None:
        """See Source.begin."""
        self._deliver = deliver
        try:
            self.start()
        except (OSError, RuntimeError, SystemError) as error:
            raise WatchError(f"cannot watch {self.watch.path}: {error}") from error

    def end(self) -> None:
        """See Source.end."""
        if not self._ended.acquire(blocking=False):
            return
        self.stop()
        if self.is_alive():
            self.join()

    def events_callback(
        self,
        paths: list[bytes] | list[str],  # they are str, against watchdog's annotation
        inodes: list[int],
        flags: list[int],
        ids: list[int],
    ) -> None:
        """Deliver what the system reports; called by watchdog on its thread."""
        del inodes, ids
        assert self._deliver is not None
        self._deliver(partial(self._batch, list(map(os.fsencode, paths)), flags))

    def _batch(self, paths: list[bytes], flags: list[int]) -> Batch:
        found: list[NativeEvent] = []
        lost = gone = None
        for path, flag in zip(paths, flags, strict=True):
            relative = self._relative(path)
            if is_lost(flag):
                lost = "the system dropped events"
            elif is_root(flag):
                gone = gone or self._why_gone()
            elif relative is None:
                lost = f"an event was about {path!r}, which is outside the tree"
            elif relative:
                found.append(to_event(relative, flag))
        return Batch(found, lost, gone)

    def _relative(self, path: bytes) -> bytes | None:
        path = path.rstrip(b"/") + b"/"
        if path.startswith(self._base):
            return path[len(self._base) : -1]
        start = path[: len(self._base)]
        alike = os.fsdecode(start).casefold() == os.fsdecode(self._base).casefold()
        return path[len(self._base) : -1] if alike else None

    def _why_gone(self) -> str | None:
        try:
            there = _real_path(self._base)
        except OSError:
            return "the directory was removed"
        return None if there + b"/" == self._base else "the directory was moved"


def _real_path(path: bytes) -> bytes:
    """Return the path without links, in the file system's case; raise OSError if it is gone."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(handle, fcntl.F_GETPATH, bytes(_MAX_PATH)).rstrip(b"\0")
    finally:
        os.close(handle)
