"""The source of events on Windows: ReadDirectoryChangesW, on watchdog's event thread."""

import sys

assert sys.platform == "win32"

import os
import stat as modes
import threading
from collections.abc import Callable
from functools import partial

from watchdog.observers import winapi
from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from fsmond.watching.limits import WatchError
from fsmond.watching.native.aliases_windows import long_name, may_be_alias
from fsmond.watching.native.reading_windows import Reader, changes
from fsmond.watching.native.source import Batch, Kind, NativeEvent
from fsmond.windows.files import any_length, scan, stat

_KINDS = {
    winapi.FILE_ACTION_CREATED: Kind.APPEARED,
    winapi.FILE_ACTION_DELETED: Kind.DISAPPEARED,
    winapi.FILE_ACTION_MODIFIED: Kind.CHANGED,
    winapi.FILE_ACTION_RENAMED_OLD_NAME: Kind.DISAPPEARED,
    winapi.FILE_ACTION_RENAMED_NEW_NAME: Kind.APPEARED,
}


class WindowsEmitter(EventEmitter):
    """A watchdog emitter that only reads, so that the system need not drop events.

    watchdog's own for Windows loses changes silently when the system dropped some.
    """

    def __init__(self, root: bytes) -> None:
        path = os.fsdecode(root)
        super().__init__(EventQueue(), ObservedWatch(path, recursive=True), timeout=60)
        self.name = "fsmond-read"
        self._base = any_length(os.path.realpath(path)).rstrip("\\") + "\\"
        self._deliver: Callable[[Callable[[], Batch]], None] | None = None
        self._reader: Reader | None = None
        self._ended = threading.Lock()  # taken for good by the first `end`

    def locate(self, path: bytes) -> bytes:
        """See Source.locate."""
        return os.fsencode(self._base) + path.replace(b"/", b"\\")

    def directory_at(self, path: bytes) -> int | None:
        """See Source.directory_at."""
        try:
            status = stat(self._base + os.fsdecode(path).replace("/", "\\"))
        except OSError:
            return None
        return status.st_ino if modes.S_ISDIR(status.st_mode) else None

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        """See Source.contents."""
        directories: list[bytes] = []
        others: list[bytes] = []
        with scan(self._base + os.fsdecode(path).replace("/", "\\")) as entries:
            for each in entries:
                is_directory = modes.S_ISDIR(each.listed.st_mode)
                (directories if is_directory else others).append(os.fsencode(each.name))
        return directories, others

    def begin(self, deliver: Callable[[Callable[[], Batch]], None]) -> None:
        """See Source.begin."""
        self._deliver = deliver
        try:
            self._reader = Reader(self._base)
        except OSError as error:
            raise WatchError(f"cannot watch {self.watch.path}: {error.strerror}") from error
        self.start()

    def end(self) -> None:
        """See Source.end."""
        if not self._ended.acquire(blocking=False):
            return
        self.stop()
        if self._reader is not None:
            self._reader.wake()
            if self.is_alive():
                self.join()
            self._reader.close()

    def queue_events(self, timeout: float) -> None:  # noqa: ARG002 - `wake` ends the wait
        """Deliver the next read; called in a loop on our own thread."""
        assert self._reader is not None
        assert self._deliver is not None
        try:
            data = self._reader.read()
        except OSError as error:
            self.stop()
            gone = f"the directory was removed, or cannot be reached: {error.strerror}"
            self._deliver(partial(Batch, [], gone=gone))
            return
        if data:
            self._deliver(partial(self._batch, data))
        elif data is not None:
            lost = "the system's buffer was full, and events were dropped"
            self._deliver(partial(Batch, [], lost=lost))

    def _batch(self, data: bytes) -> Batch:
        found: list[NativeEvent] = []
        lost = None
        for action, path in changes(data):
            name: bytes | None = path
            if may_be_alias(path):
                name = long_name(self._base, path)
                if name is None:
                    # The file system did not report its long name; the index has it.
                    lost = f"a file is gone that was reported by its short name only: {path!r}"
            found.append(NativeEvent(name or path, _KINDS.get(action, Kind.APPEARED)))
        return Batch(found, lost)
