"""Where the events come from on Windows: ReadDirectoryChangesW, read on watchdog's event thread."""

import sys

assert sys.platform == "win32"

import os
import stat as modes
import threading
from collections.abc import Callable
from functools import partial

from watchdog.observers import winapi
from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from fsmond.files_windows import any_length, scan, stat
from fsmond.watching.aliases_windows import long_name, may_be_alias
from fsmond.watching.happening import Batch, Happening, Kind
from fsmond.watching.limits import WatchError
from fsmond.watching.reading_windows import Reader, changes

_KINDS = {
    winapi.FILE_ACTION_CREATED: Kind.CAME,
    winapi.FILE_ACTION_DELETED: Kind.WENT,
    winapi.FILE_ACTION_MODIFIED: Kind.CHANGED,
    winapi.FILE_ACTION_RENAMED_OLD_NAME: Kind.WENT,
    winapi.FILE_ACTION_RENAMED_NEW_NAME: Kind.CAME,
}


class WindowsEmitter(EventEmitter):
    """A watchdog emitter that does nothing but read, so that the system need not drop anything.

    watchdog's own for Windows loses changes in silence when the system dropped some.
    """

    def __init__(self, root: bytes) -> None:
        path = os.fsdecode(root)
        super().__init__(EventQueue(), ObservedWatch(path, recursive=True), timeout=60)
        self.name = "fsmond-read"
        self._base = any_length(os.path.realpath(path)).rstrip("\\") + "\\"
        self._hand_on: Callable[[Callable[[], Batch]], None] | None = None
        self._reader: Reader | None = None
        self._ended = threading.Lock()  # taken for good by who ends first

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

    def begin(self, hand_on: Callable[[Callable[[], Batch]], None]) -> None:
        """See Source.begin."""
        self._hand_on = hand_on
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

    def queue_events(self, timeout: float) -> None:  # noqa: ARG002 - there is `wake`
        """Hand on what is read next; called in a loop on our own thread."""
        assert self._reader is not None
        assert self._hand_on is not None
        try:
            data = self._reader.read()
        except OSError as error:
            self.stop()
            gone = f"the directory was removed, or is out of reach: {error.strerror}"
            self._hand_on(partial(Batch, [], gone=gone))
            return
        if data:
            self._hand_on(partial(self._batch, data))
        elif data is not None:
            lost = "the system's buffer was full, and events were dropped"
            self._hand_on(partial(Batch, [], lost=lost))

    def _batch(self, data: bytes) -> Batch:
        found: list[Happening] = []
        lost = None
        for action, path in changes(data):
            name: bytes | None = path
            if may_be_alias(path):
                name = long_name(self._base, path)
                if name is None:
                    # The file system told its whole name to nobody; the index has it.
                    lost = f"a name is gone that was told in its short form only: {path!r}"
            found.append(Happening(name or path, _KINDS.get(action, Kind.CAME)))
        return Batch(found, lost)
