"""Native events as Windows and macOS tell them, on any system, of what this process does itself.

Each call that changes the tree is wrapped, and told of when it is done.  So what those systems'
events mean is tried with all kinds of changes, also where there are no such systems.
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

from tree_changes import Changes

from fsmond.watching import fsevents_flags as flags
from fsmond.watching.cookies import MARK
from fsmond.watching.happening import Batch, Happening, Kind
from fsmond.watching.listing import contents, directory_at

MODES = ("like-windows", "like-macos")
WITHOUT = ("exchange", "exchange_file_and_directory", "store_by_map")
_FLAGS = {Kind.CHANGED: flags.MODIFIED, Kind.CAME: flags.CREATED, Kind.WENT: flags.REMOVED}


class Imitation:
    """A source of events: one batch for each, or all before a cookie at once if it is `held`."""

    def __init__(self, root: bytes, mode: str, chance: random.Random) -> None:
        self._base = root + b"/"
        self._mode = mode
        self._chance = chance
        self.held = False
        self.losing = False
        self._lock = threading.Lock()  # guards the waiting
        self._waiting: list[tuple[bytes, Kind, bool, bool]] = []
        self._hand_on: Callable[[Callable[[], Batch]], None] | None = None

    def locate(self, path: bytes) -> bytes:
        return self._base + path

    def directory_at(self, path: bytes) -> int | None:
        return directory_at(self._base + path)

    def contents(self, path: bytes) -> tuple[list[bytes], list[bytes]]:
        return contents(self._base + path)

    def begin(self, hand_on: Callable[[Callable[[], Batch]], None]) -> None:
        self._hand_on = hand_on

    def end(self) -> None:
        pass

    def tell(
        self, path: str | bytes, kind: Kind, *, is_directory: bool, moved: bool = False
    ) -> None:
        """Tell of one change, if it is in the tree and somebody listens."""
        folder, name = os.path.split(os.fsencode(path))
        absolute = os.path.join(os.path.realpath(folder), name)  # a system tells no way by a link
        if self._hand_on is None or not absolute.startswith(self._base):
            return
        is_cookie = MARK in absolute
        if self.losing:
            if is_cookie:  # whoever waits for it learns first that something is missing
                self.lose()
            return
        with self._lock:
            self._waiting.append((absolute[len(self._base) :], kind, is_directory, moved))
            if self.held and not is_cookie:
                return
            told, self._waiting = self._waiting, []
        self._hand_on(lambda: Batch(self._happenings(told)))

    def lose(self) -> None:
        """Tell that events are missing."""
        assert self._hand_on is not None
        self._hand_on(lambda: Batch([], lost="an imitated loss"))

    def _happenings(self, told: list[tuple[bytes, Kind, bool, bool]]) -> list[Happening]:
        if self._mode == "like-windows":
            return [Happening(path, kind) for path, kind, *_ in told]
        masks: dict[tuple[bytes, bool], int] = {}
        for path, kind, is_directory, moved in told:
            flag = flags.RENAMED if moved else _FLAGS[kind]
            flag |= flags.IS_DIRECTORY if is_directory else flags.IS_FILE
            masks[path, is_directory] = masks.get((path, is_directory), 0) | flag
        found = [flags.happening(path, flag) for (path, _), flag in masks.items()]
        self._chance.shuffle(found)
        return found


class ImitatedChanges(Changes):
    """Tells of what is written, too, when that is done."""

    source: Imitation

    def _write(self, path: bytes, mode: str = "wb", size: int | None = None) -> None:
        existed = os.path.lexists(path)
        super()._write(path, mode, size)
        there = os.path.realpath(path)
        kind = Kind.CHANGED if existed and os.path.lexists(path) else Kind.CAME
        self.source.tell(there, kind, is_directory=False)

    def do_copy_tree(self) -> str:
        what = super().do_copy_tree()
        for folder, _, names in os.walk(self.root):
            for name in names:
                self.source.tell(os.path.join(folder, name), Kind.CAME, is_directory=False)
        return what


@contextmanager
def telling(source: Imitation) -> Iterator[None]:
    """Wrap the calls by which this process changes trees."""
    with (
        mock.patch.object(shutil, "_use_fd_functions", new=False),
        mock.patch.object(os, "rename", _renaming(os.rename, source)),
        mock.patch.object(os, "mkdir", _telling(os.mkdir, source, Kind.CAME)),
        mock.patch.object(os, "symlink", _telling(os.symlink, source, Kind.CAME, 1)),
        mock.patch.object(os, "link", _telling(os.link, source, Kind.CAME, 1)),
        mock.patch.object(os, "open", _telling(os.open, source, Kind.CAME)),
        mock.patch.object(os, "unlink", _telling(os.unlink, source, Kind.WENT)),
        mock.patch.object(os, "rmdir", _telling(os.rmdir, source, Kind.WENT)),
        mock.patch.object(os, "truncate", _telling(os.truncate, source, Kind.CHANGED)),
        mock.patch.object(os, "utime", _telling(os.utime, source, Kind.CHANGED)),
        mock.patch.object(os, "chmod", _telling(os.chmod, source, Kind.CHANGED)),
    ):
        yield


def _telling(real: Any, source: Imitation, kind: Kind, which: int = 0) -> Any:
    def call(*arguments: Any, **options: Any) -> Any:
        path = arguments[which]
        if kind is Kind.CHANGED:
            path = os.path.realpath(path)
        was = _is_directory(path)
        result = real(*arguments, **options)
        is_directory = was if kind is Kind.WENT else _is_directory(path)
        if real.__name__ != "open" or arguments[1] & os.O_CREAT:
            source.tell(path, kind, is_directory=is_directory)
        return result

    return call


def _renaming(real: Any, source: Imitation) -> Any:
    def call(old: Any, new: Any) -> None:
        was = _is_directory(old)
        there, replaced = os.path.lexists(new), _is_directory(new)
        real(old, new)
        if there:
            source.tell(new, Kind.WENT, is_directory=replaced)
        source.tell(old, Kind.WENT, is_directory=was, moved=True)
        source.tell(new, Kind.CAME, is_directory=was, moved=True)

    return call


def _is_directory(path: Any) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
