"""Imitate the native events of Windows and macOS, on any system, for changes by this process.

Each call that changes the tree is wrapped, and reported when it has returned.  So the handling of
those systems' events is tested with all kinds of changes, on any other system.
"""

import os
import random
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from support.trees.random_changes import RandomChanges

from fsmond.watching.native import fsevents_flags as flags
from fsmond.watching.native.cookies import COOKIE_PREFIX
from fsmond.watching.native.listing import contents, directory_at
from fsmond.watching.native.source import Batch, Kind, NativeEvent

MODES = ("like-windows", "like-macos")
WITHOUT = ("exchange", "exchange_file_and_directory", "store_by_map")
_FLAGS = {
    Kind.CHANGED: flags.MODIFIED,
    Kind.APPEARED: flags.CREATED,
    Kind.DISAPPEARED: flags.REMOVED,
}


class Imitation:
    """A source of events: a batch for each, or if `held` one batch for all before a cookie."""

    def __init__(self, root: bytes, mode: str, chance: random.Random) -> None:
        self._base = root + b"/"
        self._mode = mode
        self._chance = chance
        self.held = False
        self.losing = False
        self._lock = threading.Lock()  # guards `_waiting`
        self._waiting: list[tuple[bytes, Kind, bool, bool]] = []
        self._deliver: Callable[[Callable[[], Batch]], None] | None = None

    def locate(self, path: bytes) -> bytes:
        return self._base + path

    def directory_at(self, path: bytes) -> int | None:
        return directory_at(self._base + path)

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        return contents(self._base + path)

    def begin(self, deliver: Callable[[Callable[[], Batch]], None]) -> None:
        self._deliver = deliver

    def end(self) -> None:
        pass

    def report(
        self, path: str | bytes, kind: Kind, *, is_directory: bool, moved: bool = False
    ) -> None:
        """Report one change, if it is in the tree and the source was started."""
        folder, name = os.path.split(os.fsencode(path))
        absolute = os.path.join(
            os.path.realpath(folder), name
        )  # systems report real paths, with no link in them
        if self._deliver is None or not absolute.startswith(self._base):
            return
        is_cookie = COOKIE_PREFIX in absolute
        if self.losing:
            if is_cookie:  # report the loss before the query that waits is answered
                self.report_loss()
            return
        with self._lock:
            self._waiting.append((absolute[len(self._base) :], kind, is_directory, moved))
            if self.held and not is_cookie:
                return
            reported, self._waiting = self._waiting, []
        self._deliver(lambda: Batch(self._events(reported)))

    def report_loss(self) -> None:
        """Report that events are lost."""
        assert self._deliver is not None
        self._deliver(lambda: Batch([], lost="an imitated loss"))

    def _events(self, reported: list[tuple[bytes, Kind, bool, bool]]) -> list[NativeEvent]:
        if self._mode == "like-windows":
            return [NativeEvent(path, kind) for path, kind, *_ in reported]
        masks: dict[tuple[bytes, bool], int] = {}
        for path, kind, is_directory, moved in reported:
            flag = flags.RENAMED if moved else _FLAGS[kind]
            flag |= flags.IS_DIRECTORY if is_directory else flags.IS_FILE
            masks[path, is_directory] = masks.get((path, is_directory), 0) | flag
        found = [flags.to_event(path, flag) for (path, _), flag in masks.items()]
        self._chance.shuffle(found)
        return found


class ImitatedChanges(RandomChanges):
    """Reports writes as well, when they are done."""

    source: Imitation

    def _write(self, path: bytes, mode: str = "wb", size: int | None = None) -> None:
        existed = os.path.lexists(path)
        super()._write(path, mode, size)
        there = os.path.realpath(path)
        kind = Kind.CHANGED if existed and os.path.lexists(path) else Kind.APPEARED
        self.source.report(there, kind, is_directory=False)

    def do_copy_tree(self) -> str:
        what = super().do_copy_tree()
        for folder, _, names in os.walk(self.root):
            for name in names:
                self.source.report(os.path.join(folder, name), Kind.APPEARED, is_directory=False)
        return what


@contextmanager
def reporting(source: Imitation) -> Iterator[None]:
    """Wrap the calls with which this process changes trees."""
    with (
        mock.patch.object(shutil, "_use_fd_functions", new=False),
        mock.patch.object(os, "rename", _renaming(os.rename, source)),
        mock.patch.object(os, "mkdir", _reporting(os.mkdir, source, Kind.APPEARED)),
        mock.patch.object(os, "symlink", _reporting(os.symlink, source, Kind.APPEARED, 1)),
        mock.patch.object(os, "link", _reporting(os.link, source, Kind.APPEARED, 1)),
        mock.patch.object(os, "open", _reporting(os.open, source, Kind.APPEARED)),
        mock.patch.object(os, "unlink", _reporting(os.unlink, source, Kind.DISAPPEARED)),
        mock.patch.object(os, "rmdir", _reporting(os.rmdir, source, Kind.DISAPPEARED)),
        mock.patch.object(os, "truncate", _reporting(os.truncate, source, Kind.CHANGED)),
        mock.patch.object(os, "utime", _reporting(os.utime, source, Kind.CHANGED)),
        mock.patch.object(os, "chmod", _reporting(os.chmod, source, Kind.CHANGED)),
    ):
        yield


def _reporting(real: Any, source: Imitation, kind: Kind, which: int = 0) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        path = arguments[which]
        if kind is Kind.CHANGED:
            path = os.path.realpath(path)
        was = _is_directory(path)
        result = real(*arguments, **options)
        is_directory = was if kind is Kind.DISAPPEARED else _is_directory(path)
        if real.__name__ != "open" or arguments[1] & os.O_CREAT:
            source.report(path, kind, is_directory=is_directory)
        return result

    return call


def _renaming(real: Any, source: Imitation) -> Any:
    def call(old: Any, new: Any) -> None:
        was = _is_directory(old)
        there, replaced = os.path.lexists(new), _is_directory(new)
        real(old, new)
        if there:
            source.report(new, Kind.DISAPPEARED, is_directory=replaced)
        source.report(old, Kind.DISAPPEARED, is_directory=was, moved=True)
        source.report(new, Kind.APPEARED, is_directory=was, moved=True)

    return call


def _is_directory(path: Any) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
