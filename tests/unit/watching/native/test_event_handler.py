"""Tests for fsmond.watching.native.event_handler."""

import os
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest
from unit.watching.native.fake_source import FakeSource

from fsmond.watching.native.event_handler import EventHandler
from fsmond.watching.native.source import Kind, NativeEvent


class RecordingSink:
    """A sink that records what is reported."""

    def __init__(self) -> None:
        self.paths: set[bytes] = set()
        self.new: set[bytes] = set()
        self.names: dict[bytes, int] = {}

    def changed(self, paths: Collection[bytes], names: Mapping[bytes, int] | None = None) -> None:
        self.paths |= set(paths)
        self.names.update(names or {})

    def changed_elsewhere(self, files: Mapping[int, bytes]) -> None:
        raise AssertionError(files)

    def recheck(self, prefix: bytes) -> None:
        raise AssertionError(prefix)

    def prepare(self, deadline: float) -> bool:  # noqa: ARG002 - there is nothing to do
        """There is nothing to do."""
        return True

    def moved(self, old: bytes, new: bytes) -> None:
        pass

    def appeared(self, paths: Iterable[bytes]) -> None:
        self.new |= set(paths)

    def lost(self, detail: str) -> None:
        raise AssertionError(detail)

    def covered(self) -> None:
        raise AssertionError

    def gone(self, detail: str) -> None:
        raise AssertionError(detail)

    def caught_up(self) -> None:
        raise AssertionError("the watcher calls this, not the handler")


@pytest.fixture
def sink() -> RecordingSink:
    """Record what is reported."""
    return RecordingSink()


@pytest.fixture
def handler(tmp_path: Path, sink: RecordingSink) -> EventHandler:
    """Make a handler that knows a tree of two directories."""
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "sub" / "file").touch()
    (tmp_path / ".git").mkdir()
    made = EventHandler(FakeSource(os.fsencode(tmp_path)), sink, frozenset({b".git"}))
    work(made)
    return made


def work(handler: EventHandler) -> None:
    """Do all scheduled listings."""
    assert handler.work(time.monotonic() + 10)


def handle(handler: EventHandler, *events: NativeEvent) -> None:
    """Handle events, and do all scheduled listings."""
    handler.handle(events)
    work(handler)


def test_the_first_scan_reports_nothing(handler: EventHandler, sink: RecordingSink) -> None:
    """It only finds out which directories there are."""
    assert sink.paths == set()
    assert set(handler.directories.prefixes()) == {b"", b"dir/", b"dir/sub/"}


def test_what_disappears_is_a_directory_if_it_was_known_as_one(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """Its event does not say so."""
    shutil.rmtree(tmp_path / "dir")
    handle(handler, NativeEvent(b"dir", Kind.DISAPPEARED))

    assert sink.paths == {b"dir", b"dir/", b"dir/sub/", b"dir/sub/file"}
    assert set(handler.removed) == {b"dir/", b"dir/sub/"}
    assert handler.directories.prefixes() == [b""]


def test_a_change_in_a_directory_is_no_change_of_it(
    handler: EventHandler, sink: RecordingSink
) -> None:
    """Windows reports one, as its time changes."""
    handle(handler, NativeEvent(b"dir", Kind.CHANGED), NativeEvent(b"dir/sub/file", Kind.CHANGED))
    assert sink.paths == {b"dir/sub/file"}


def test_a_late_event_finds_what_is_there_now(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """The directory moved on to a second place; that event is still to come."""
    (tmp_path / "dir").rename(tmp_path / "second")
    handle(handler, NativeEvent(b"dir", Kind.DISAPPEARED), NativeEvent(b"first", Kind.APPEARED))
    assert sink.paths >= {b"dir/", b"dir/sub/", b"first"}

    handle(handler, NativeEvent(b"first", Kind.DISAPPEARED), NativeEvent(b"second", Kind.APPEARED))
    assert sink.paths >= {b"second/", b"second/sub/", b"second/sub/file"}
    assert sink.new >= {b"second/sub/file"}


def test_a_directory_in_an_unknown_one_is_found(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """In whatever order the events arrive."""
    (tmp_path / "new" / "a").mkdir(parents=True)
    (tmp_path / "new" / "a" / "file").touch()
    handle(handler, NativeEvent(b"new/a", Kind.APPEARED))
    assert sink.paths >= {b"new/a/", b"new/a/file"}
    assert {b"new/", b"new/a/"} <= set(handler.directories.prefixes())


def test_a_directory_that_moved_away_and_back_is_reported_whole(
    handler: EventHandler, sink: RecordingSink
) -> None:
    """FSEvents may merge both, and report changes in between under the other name only."""
    handle(handler, NativeEvent(b"dir", Kind.MOVED, is_directory=True))
    assert sink.paths >= {b"dir/", b"dir/sub/", b"dir/sub/file"}


def test_the_same_directory_is_not_listed_again(handler: EventHandler, sink: RecordingSink) -> None:
    """Its mode may have changed."""
    handle(handler, NativeEvent(b"dir", Kind.APPEARED, is_directory=True))
    assert sink.paths == {b"dir/"}


def test_a_file_in_place_of_a_directory_is_reported_as_both(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """Though there is one event."""
    shutil.rmtree(tmp_path / "dir")
    (tmp_path / "dir").touch()
    handle(handler, NativeEvent(b"dir", Kind.APPEARED))
    assert sink.paths == {b"dir", b"dir/", b"dir/sub/", b"dir/sub/file"}


@pytest.mark.parametrize("path", [b".git", b".git/index", b"dir/.git/index", b"dir/.git/a/b"])
@pytest.mark.parametrize("kind", Kind)
def test_git_directories_are_not_reported(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path, path: bytes, kind: Kind
) -> None:
    """As on all platforms."""
    (tmp_path / "dir" / ".git").mkdir()
    handle(handler, NativeEvent(path, kind))
    assert sink.paths == set()


def test_a_removed_file_is_reported_though_a_directory_is_there_by_now(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """A listing was ahead of the events, and so the directory is known."""
    (tmp_path / "new" / "path").mkdir(parents=True)
    handle(handler, NativeEvent(b"new", Kind.APPEARED))
    sink.paths.clear()
    handle(
        handler, NativeEvent(b"new/path", Kind.DISAPPEARED), NativeEvent(b"new/path", Kind.APPEARED)
    )
    assert sink.paths >= {b"new/path", b"new/path/"}


def test_a_link_is_not_a_directory(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """Its target is not reported."""
    (tmp_path / "link").symlink_to("dir", target_is_directory=True)
    handle(handler, NativeEvent(b"link", Kind.APPEARED))
    assert sink.paths == {b"link"}
    assert b"link/" not in handler.directories


def test_a_rescan_finds_what_no_event_reported(
    handler: EventHandler, sink: RecordingSink, tmp_path: Path
) -> None:
    """What disappeared is reported; the index finds what appeared."""
    (tmp_path / "dir" / "sub").rename(tmp_path / "elsewhere")
    handler.rescan()
    work(handler)
    assert sink.paths == {b"dir/sub/", b"dir/sub/file"}
    assert set(handler.directories.prefixes()) == {b"", b"dir/", b"elsewhere/"}


def test_work_stops_at_its_deadline(handler: EventHandler) -> None:
    """And continues when it is called again."""
    handler.rescan()
    assert not handler.work(time.monotonic() - 1)
    work(handler)
