"""Tests for fsmond.watching.digest."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from unit.watching.fake_source import FakeSource

from fsmond.watching.digest import Digest
from fsmond.watching.happening import Happening, Kind


class Told:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.paths: set[bytes] = set()
        self.new: set[bytes] = set()

    def changed(self, paths: Iterable[bytes]) -> None:
        self.paths |= set(paths)

    def doubt(self, prefix: bytes) -> None:
        raise AssertionError(prefix)

    def settle(self, deadline: float) -> bool:  # noqa: ARG002 - nothing here takes long
        """Nothing is left to do."""
        return True

    def moved(self, old: bytes, new: bytes) -> None:
        pass

    def came(self, paths: Iterable[bytes]) -> None:
        self.new |= set(paths)

    def lost(self, detail: str) -> None:
        raise AssertionError(detail)

    def covered(self) -> None:
        raise AssertionError

    def gone(self, detail: str) -> None:
        raise AssertionError(detail)

    def caught_up(self) -> None:
        raise AssertionError("that is for the watcher to say")


@pytest.fixture
def told() -> Told:
    """Remember what is reported."""
    return Told()


@pytest.fixture
def digest(tmp_path: Path, told: Told) -> Digest:
    """Know a tree of two directories."""
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "sub" / "file").touch()
    (tmp_path / ".git").mkdir()
    made = Digest(FakeSource(os.fsencode(tmp_path)), told, frozenset({b".git"}))
    work(made)
    return made


def work(digest: Digest) -> None:
    """List all that is to be listed."""
    assert digest.work(time.monotonic() + 10)


def take(digest: Digest, *happenings: Happening) -> None:
    """Take in what happened, and list what is to be listed."""
    digest.take_in(happenings)
    work(digest)


def test_the_first_survey_reports_nothing(digest: Digest, told: Told) -> None:
    """It only finds out which directories there are."""
    assert told.paths == set()
    assert set(digest.known.prefixes()) == {b"", b"dir/", b"dir/sub/"}


def test_what_went_is_a_directory_if_it_was_known_as_one(
    digest: Digest, told: Told, tmp_path: Path
) -> None:
    """Its event says nothing about that."""
    shutil.rmtree(tmp_path / "dir")
    take(digest, Happening(b"dir", Kind.WENT))

    assert told.paths == {b"dir", b"dir/", b"dir/sub/", b"dir/sub/file"}
    assert set(digest.departed) == {b"dir/", b"dir/sub/"}
    assert digest.known.prefixes() == [b""]


def test_a_change_within_a_directory_is_none_of_it(digest: Digest, told: Told) -> None:
    """Windows tells of it, as its time changes."""
    take(digest, Happening(b"dir", Kind.CHANGED), Happening(b"dir/sub/file", Kind.CHANGED))
    assert told.paths == {b"dir/sub/file"}


def test_an_event_that_is_late_finds_what_is_there_now(
    digest: Digest, told: Told, tmp_path: Path
) -> None:
    """The directory went on to a second place, of which the event is still to come."""
    (tmp_path / "dir").rename(tmp_path / "second")
    take(digest, Happening(b"dir", Kind.WENT), Happening(b"first", Kind.CAME))
    assert told.paths >= {b"dir/", b"dir/sub/", b"first"}

    take(digest, Happening(b"first", Kind.WENT), Happening(b"second", Kind.CAME))
    assert told.paths >= {b"second/", b"second/sub/", b"second/sub/file"}
    assert told.new >= {b"second/sub/file"}


def test_a_directory_in_one_that_is_not_known_yet_is_found(
    digest: Digest, told: Told, tmp_path: Path
) -> None:
    """Whatever the order in which the events come."""
    (tmp_path / "new" / "a").mkdir(parents=True)
    (tmp_path / "new" / "a" / "file").touch()
    take(digest, Happening(b"new/a", Kind.CAME))
    assert told.paths >= {b"new/a/", b"new/a/file"}
    assert {b"new/", b"new/a/"} <= set(digest.known.prefixes())


def test_a_directory_that_moved_there_and_back_is_told_whole(digest: Digest, told: Told) -> None:
    """FSEvents may tell both in one event, and of what changed meanwhile by the other name only."""
    take(digest, Happening(b"dir", Kind.MOVED, is_directory=True))
    assert told.paths >= {b"dir/", b"dir/sub/", b"dir/sub/file"}


def test_a_directory_that_is_the_same_is_not_listed_again(digest: Digest, told: Told) -> None:
    """Its mode may have changed."""
    take(digest, Happening(b"dir", Kind.CAME, is_directory=True))
    assert told.paths == {b"dir/"}


def test_a_file_in_place_of_a_directory_is_both(digest: Digest, told: Told, tmp_path: Path) -> None:
    """Though one event tells of it."""
    shutil.rmtree(tmp_path / "dir")
    (tmp_path / "dir").touch()
    take(digest, Happening(b"dir", Kind.CAME))
    assert told.paths == {b"dir", b"dir/", b"dir/sub/", b"dir/sub/file"}


@pytest.mark.parametrize("path", [b".git", b".git/index", b"dir/.git/index", b"dir/.git/a/b"])
@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_told_of_git_directories(
    digest: Digest, told: Told, tmp_path: Path, path: bytes, kind: Kind
) -> None:
    """As on all systems."""
    (tmp_path / "dir" / ".git").mkdir()
    take(digest, Happening(path, kind))
    assert told.paths == set()


def test_a_file_that_went_is_told_though_a_directory_is_there_by_now(
    digest: Digest, told: Told, tmp_path: Path
) -> None:
    """A listing was ahead of the events, and so the directory is known."""
    (tmp_path / "new" / "path").mkdir(parents=True)
    take(digest, Happening(b"new", Kind.CAME))
    told.paths.clear()
    take(digest, Happening(b"new/path", Kind.WENT), Happening(b"new/path", Kind.CAME))
    assert told.paths >= {b"new/path", b"new/path/"}


def test_a_link_is_no_directory(digest: Digest, told: Told, tmp_path: Path) -> None:
    """What it leads to is another matter."""
    (tmp_path / "link").symlink_to("dir", target_is_directory=True)
    take(digest, Happening(b"link", Kind.CAME))
    assert told.paths == {b"link"}
    assert b"link/" not in digest.known


def test_a_survey_finds_what_no_event_told(digest: Digest, told: Told, tmp_path: Path) -> None:
    """What went is told; what came the index finds."""
    (tmp_path / "dir" / "sub").rename(tmp_path / "elsewhere")
    digest.survey()
    work(digest)
    assert told.paths == {b"dir/sub/", b"dir/sub/file"}
    assert set(digest.known.prefixes()) == {b"", b"dir/", b"elsewhere/"}


def test_work_stops_at_its_deadline(digest: Digest) -> None:
    """And goes on when it is called again."""
    digest.survey()
    assert not digest.work(time.monotonic() - 1)
    work(digest)
