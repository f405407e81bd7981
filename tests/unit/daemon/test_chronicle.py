"""What changes is noted by all the names that it has, whatever came, went or moved before."""

import errno
import os
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from fsmond.daemon import chronicle as module
from fsmond.daemon.chronicle import Chronicle
from fsmond.index.status import lstat
from fsmond.index.tree import Index
from fsmond.journal.history import Journal

LONG = 20.0  # seconds


@pytest.fixture
def journal() -> Journal:
    """Make an empty one."""
    return Journal("0" * 16)


@pytest.fixture
def chronicle(tmp_path: Path, journal: Journal) -> Chronicle:
    """Have one of a tree with two files, one of which has two names."""
    (tmp_path / "alone").touch()
    (tmp_path / "one").touch()
    os.link(tmp_path / "one", tmp_path / "other")
    root = os.fsencode(tmp_path)
    return Chronicle(root, Index(root, frozenset(), b".mark-"), journal)


@pytest.fixture
def index(chronicle: Chronicle) -> Index:
    """Have what it knows of the tree."""
    index = chronicle._index
    index.look(b"")
    return index


def _later() -> float:
    return time.monotonic() + LONG


def test_names_that_came_are_looked_at_ahead(chronicle: Chronicle, journal: Journal) -> None:
    """Who asks then finds nothing left to look at, and what changes has all its names."""
    chronicle.note_new([b"alone", b"one", b"other", b"gone"])

    done = chronicle.look_ahead(_later())
    token = journal.token
    chronicle.record([b"other", b"alone"])

    assert done
    assert not chronicle.new
    assert sorted(journal.since(token)) == [b"alone", b"one", b"other"]


def test_it_stops_at_the_deadline(chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is left for whoever asks."""
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    chronicle.note_new([b"alone", b"one", b"other"])

    done = chronicle.look_ahead(time.monotonic() - 1)

    assert not done
    assert list(chronicle.new) == [b"other"]


def test_what_can_not_be_known_yet_is_not_looked_at_again_and_again(
    chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of too many new names the inodes are forgotten, until the index knows them."""
    monkeypatch.setattr(module, "_MOST", 1)
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    chronicle.note_new([b"alone", b"one", b"other"])
    assert not chronicle.look_at_new(_later(), indexed=True)
    looks: list[object] = []
    monkeypatch.setattr(module, "lstat", looks.append)

    assert chronicle.look_ahead(_later())
    assert not chronicle.look_at_new(_later(), indexed=True)
    assert not looks


def test_what_was_not_known_is_reported_when_it_is(
    chronicle: Chronicle, index: Index, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More names came than are kept: no answer until the index has them, and then all of them."""
    monkeypatch.setattr(module, "_WAITING", 2)
    chronicle.note_new([b"alone", b"one", b"other"])
    token = journal.token
    assert not chronicle.look_at_new(_later(), indexed=True)
    assert chronicle.misses_names

    _bring_up_to_date(chronicle, index)

    assert sorted(journal.since(token)) == [b"one", b"other"]
    assert not chronicle.is_due
    assert chronicle.look_at_new(_later(), indexed=True)


def test_it_is_not_known_what_nobody_can_look_at(
    chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can't be looked at is not one that is gone."""

    def fail(path: bytes) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    chronicle.note_new([b"one", b"alone"])
    with monkeypatch.context() as broken:
        broken.setattr(module, "lstat", fail)
        assert not chronicle.look_at_new(_later(), indexed=True)
        assert chronicle.is_due
        assert chronicle.look_ahead(_later()), "whoever looks ahead must not do so for ever"

    assert chronicle.look_at_new(_later(), indexed=True)
    chronicle.record([b"one"])


def test_other_names_are_searched_for_in_slices(
    chronicle: Chronicle, index: Index, journal: Journal
) -> None:
    """However large the tree is, nobody waits for longer than was said."""
    del index
    chronicle.note_new([b"other"])
    token = journal.token

    slices = 0
    while not chronicle.look_at_new(time.monotonic() - 1, indexed=True):
        slices += 1

    assert slices > 1
    assert sorted(journal.since(token)) == [b"one", b"other"]


def test_names_that_are_exchanged_stand_for_what_they_are_now(
    chronicle: Chronicle, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """And for what they were, as events may come late."""
    del index
    _come(chronicle, b"one", b"other")
    (tmp_path / "alone").rename(tmp_path / "aside")
    (tmp_path / "other").rename(tmp_path / "alone")
    (tmp_path / "aside").rename(tmp_path / "other")
    _come(chronicle, b"alone", b"other")
    token = journal.token

    chronicle.record([b"one"])
    assert set(journal.since(token)) >= {b"one", b"alone"}

    token = journal.token
    chronicle.record([b"other"])
    assert set(journal.since(token)) == {b"one", b"alone", b"other"}


def test_an_inode_that_is_used_again_hides_no_name(
    chronicle: Chronicle, index: Index, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the name reported of the file that had it before: it is looked at."""
    del index
    again = lstat(os.fsencode(chronicle._base) + b"alone").st_ino

    def as_if(path: bytes) -> object:
        name = path[len(chronicle._base) :]
        if name in (b"alone", b"gone"):
            raise FileNotFoundError(errno.ENOENT, "gone", path)
        return SimpleNamespace(st_ino=again, st_nlink=2, st_mode=stat.S_IFREG)

    monkeypatch.setattr(module, "lstat", as_if)
    _come(chronicle, b"first", b"second")
    token = journal.token

    chronicle.record([b"second"])

    assert set(journal.since(token)) == {b"first", b"second"}


def test_names_of_an_inode_that_is_used_again_and_again_do_not_pile_up(
    chronicle: Chronicle, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """A file with one name has no other one, whatever was known of its inode."""
    del index
    _come(chronicle, b"one", b"other")
    os.unlink(tmp_path / "one")
    for number in range(20):
        (tmp_path / "other").rename(tmp_path / "aside")
        (tmp_path / "aside").rename(tmp_path / f"new{number}")
        (tmp_path / f"new{number}").rename(tmp_path / "other")
        _come(chronicle, b"new%d" % number, b"other")
    token = journal.token

    chronicle.record([b"other"])

    assert journal.since(token) == [b"other"]


def test_what_moved_on_before_it_was_looked_at_is_known(
    chronicle: Chronicle, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """Its name is another file's by then, and what changed by it is told by an event to come."""
    del index
    _come(chronicle, b"one", b"other")
    chronicle.note_moved(b"other", b"moved")
    (tmp_path / "other").unlink()
    (tmp_path / "moved").touch()
    _come(chronicle, b"moved")
    token = journal.token

    chronicle.record([b"moved"])

    assert set(journal.since(token)) >= {b"one", b"moved"}


def test_a_file_of_which_one_name_is_left_is_written_by_the_one_that_went(
    chronicle: Chronicle, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """By an open handle; also after the index was brought up to date."""
    _come(chronicle, b"one", b"other")
    os.unlink(tmp_path / "one")
    chronicle.record([b"one"])
    for _ in range(2):
        index.look(b"")
        _bring_up_to_date(chronicle, index)
    token = journal.token

    chronicle.record([b"one"])

    assert set(journal.since(token)) == {b"one", b"other"}


def _come(chronicle: Chronicle, *names: bytes) -> None:
    chronicle.note_new(names)
    assert chronicle.look_at_new(_later(), indexed=True)


def _bring_up_to_date(chronicle: Chronicle, index: Index) -> None:
    chronicle.begin_generation()
    chronicle.relink(index.links(chronicle.linked()))
    chronicle.relinked(())
    chronicle.end_generation()
