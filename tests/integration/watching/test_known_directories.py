"""Directories that are watched by their known names, without being listed."""
# ruff: noqa: E402  # the type checker has to know first

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("only inotify needs a watch for each directory", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

import os
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from fsmond.watching.contract import Known
from fsmond.watching.inotify.emitter import InotifyEmitter
from fsmond.watching.inotify.mounts import Mounts

NAMES: dict[bytes, Known] = {
    b"": ([b"dir", b"gone"], b"file"),
    b"dir/": ([b"deep"], None),
    b"dir/deep/": ([], b"name"),
    b"gone/": ([b"below"], None),
}


class Recorder:
    """A sink that keeps what is reported."""

    def __init__(self) -> None:
        self.paths: list[bytes] = []
        self.is_covered = False

    def changed(self, paths: Collection[bytes], _: Mapping[bytes, int] | None = None) -> None:
        self.paths += paths

    def appeared(self, paths: Iterable[bytes]) -> None:
        pass

    def changed_elsewhere(self, files: Mapping[int, bytes]) -> None:
        pass

    def recheck(self, prefix: bytes) -> None:
        pass

    def moved(self, old: bytes, new: bytes) -> None:
        pass

    def prepare(self, deadline: float) -> bool:  # noqa: ARG002 - there is nothing to prepare
        return True

    def caught_up(self) -> None:
        pass

    def lost(self, detail: str) -> None:  # noqa: ARG002 - it is enough that it happened
        self.is_covered = False

    def covered(self) -> None:
        self.is_covered = True

    def gone(self, detail: str) -> None:
        raise AssertionError(detail)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree in which a directory is new, and another one is gone."""
    tree = tmp_path / "tree"
    (tree / "dir/deep").mkdir(parents=True)
    (tree / "new/below").mkdir(parents=True)
    (tree / "new/file").touch()
    (tree / "dir/deep/name").touch()
    return tree


@pytest.fixture
def sink() -> Recorder:
    """Return a sink."""
    return Recorder()


@pytest.fixture
def watcher(root: Path, sink: Recorder) -> Iterator[InotifyEmitter]:
    """Return a watcher that expects the known directories, and is not started."""
    path = os.fsencode(root)
    watcher = InotifyEmitter(path, sink, threading.Lock(), frozenset(), Mounts(path))
    watcher.expect(NAMES.get)
    yield watcher
    watcher.stop()


def sync(watcher: InotifyEmitter) -> None:
    """Have it do all that is due."""
    assert watcher.sync(time.monotonic() + 10) is None


def test_only_known_directories_are_watched_at_first(
    watcher: InotifyEmitter, sink: Recorder
) -> None:
    """What is gone by now is found by the comparison that follows, with all that was in it."""
    sync(watcher)

    assert sink.is_covered
    assert sorted(watcher.watched()) == [b"", b"dir/", b"dir/deep/"]
    assert not watcher.is_partial
    assert watcher.take_removed() == []
    assert sink.paths == []


def test_what_a_comparison_found_is_watched_with_all_below_it(
    watcher: InotifyEmitter, sink: Recorder, root: Path
) -> None:
    """It may have changed since it was compared: so all of it is reported."""
    sync(watcher)

    watcher.note_found([b"dir/", b"new/", b"new/below/"])
    sync(watcher)

    assert sorted(watcher.watched()) == [b"", b"dir/", b"dir/deep/", b"new/", b"new/below/"]
    assert {b"new/file", b"new/below/"} <= set(sink.paths)
    sink.paths.clear()
    (root / "new/below/later").touch()
    sync(watcher)
    assert set(sink.paths) == {b"new/below/later"}


def test_a_name_in_a_removed_directory_is_reported(
    watcher: InotifyEmitter, sink: Recorder, root: Path
) -> None:
    """Git lists a directory again only if a path below it is reported."""
    sync(watcher)

    shutil.move(root / "dir/deep", root.parent / "elsewhere")
    sync(watcher)

    assert b"dir/deep/name" in sink.paths


def test_a_directory_that_is_moved_meanwhile_is_listed(
    watcher: InotifyEmitter, sink: Recorder, root: Path
) -> None:
    """Its event says where it is now; what was known is of its former place."""
    (root / "dir/deep/unknown").mkdir()
    (root / "dir").rename(root / "gone")
    sync(watcher)
    (root / "gone/deep/unknown/file").touch()
    watcher.note_found([b"gone/deep/unknown/", b"new/"])
    sync(watcher)

    assert b"gone/deep/unknown/file" in sink.paths


def test_after_lost_events_everything_is_listed(
    watcher: InotifyEmitter, sink: Recorder, root: Path
) -> None:
    """What was known cannot be believed: changes of names may be among the lost events."""
    watcher._overflowed_locked()
    sync(watcher)

    assert sink.is_covered
    assert sorted(watcher.watched()) == [b"", b"dir/", b"dir/deep/", b"new/", b"new/below/"]
    assert not (root / "gone").exists()


def test_once_all_is_covered_nothing_is_expected(watcher: InotifyEmitter, root: Path) -> None:
    """A directory that appears later is listed, even under a name that was known."""
    sync(watcher)
    (root / "gone/other").mkdir(parents=True)
    watcher.expect(NAMES.get)
    sync(watcher)

    assert b"gone/other/" in watcher.watched()
