"""Where the events come from on macOS: FSEvents, on watchdog's event thread."""

import sys

assert sys.platform == "darwin"

import fcntl
import os
import threading
from collections.abc import Callable
from functools import partial

from watchdog.observers.api import EventQueue, ObservedWatch
from watchdog.observers.fsevents import FSEventsEmitter

from fsmond.watching.fsevents_flags import happening, is_lost, is_root
from fsmond.watching.happening import Batch, Happening
from fsmond.watching.limits import WatchError
from fsmond.watching.listing import contents, directory_at

LATENCY = 0.001  # seconds for which the system gathers events; the first one comes at once
_LONGEST = 1024  # bytes of a path, the system's own limit


class MacEmitter(FSEventsEmitter):
    """A watchdog emitter that hands on what it receives, as it is.

    watchdog's own looks at what is there at each event, and passes over those that tell of a loss.
    """

    def __init__(self, root: bytes) -> None:
        # What the system tells has the links resolved, and the case as the file system has it.
        self._base = _real_path(root).rstrip(b"/") + b"/"
        watch = ObservedWatch(os.fsdecode(self._base[:-1] or b"/"), recursive=True)
        super().__init__(EventQueue(), watch, timeout=60, latency=LATENCY)
        self.name = "fsmond-read"
        self._hand_on: Callable[[Callable[[], Batch]], None] | None = None
        self._ended = threading.Lock()  # taken for good by who ends first

    def locate(self, path: bytes) -> bytes:
        """See Source.locate."""
        return self._base + path

    def directory_at(self, path: bytes) -> int | None:
        """See Source.directory_at."""
        return directory_at(self._base + path)

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        """See Source.contents."""
        return contents(self._base + path)

    def begin(self, hand_on: Callable[[Callable[[], Batch]], None]) -> None:
        """See Source.begin."""
        self._hand_on = hand_on
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
        paths: list[bytes] | list[str],  # they are str, whatever watchdog says
        inodes: list[int],
        flags: list[int],
        ids: list[int],
    ) -> None:
        """Hand on what the system tells; called by watchdog on its thread."""
        del inodes, ids
        assert self._hand_on is not None
        self._hand_on(partial(self._batch, list(map(os.fsencode, paths)), flags))

    def _batch(self, paths: list[bytes], flags: list[int]) -> Batch:
        found: list[Happening] = []
        lost = gone = None
        for path, flag in zip(paths, flags, strict=True):
            relative = self._relative(path)
            if is_lost(flag):
                lost = "the system dropped events"
            elif is_root(flag):
                gone = gone or self._why_gone()
            elif relative is None:
                lost = f"an event came of {path!r}, which is elsewhere"
            elif relative:
                found.append(happening(relative, flag))
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
    """Return the path as the file system has it, without links; raise OSError if it is gone."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return fcntl.fcntl(handle, fcntl.F_GETPATH, bytes(_LONGEST)).rstrip(b"\0")
    finally:
        os.close(handle)
