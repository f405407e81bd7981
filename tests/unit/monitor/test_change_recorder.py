"""Changes are recorded under every name of a file, whatever appeared, vanished or moved."""

import errno
import os
import stat
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from fsmond.index.status import lstat
from fsmond.index.tree import Index
from fsmond.journal.history import Journal
from fsmond.monitor import change_recorder as module
from fsmond.monitor.change_recorder import ChangeRecorder

LONG = 20.0  # seconds


@pytest.fixture
def journal() -> Journal:
    """Return an empty journal."""
    return Journal("0" * 16)


@pytest.fixture
def recorder(tmp_path: Path, journal: Journal) -> ChangeRecorder:
    """Return a recorder for a tree with two files, one of which has two names."""
    (tmp_path / "alone").touch()
    (tmp_path / "one").touch()
    os.link(tmp_path / "one", tmp_path / "other")
    root = os.fsencode(tmp_path)
    return ChangeRecorder(root, Index(root, frozenset(), b".mark-"), journal)


@pytest.fixture
def index(recorder: ChangeRecorder) -> Index:
    """Return its index of the tree."""
    index = recorder._index
    index.compare(b"")
    return index


def _later() -> float:
    return time.monotonic() + LONG


def test_new_names_are_checked_ahead(recorder: ChangeRecorder, journal: Journal) -> None:
    """The next query has nothing left to check, and changes are recorded under all names."""
    recorder.note_new([b"alone", b"one", b"other", b"gone"])

    done = recorder.check_ahead(_later())
    token = journal.token
    recorder.record([b"other", b"alone"])

    assert done
    assert not recorder.new_names
    assert sorted(journal.since(token)) == [b"alone", b"one", b"other"]


def test_checking_ahead_stops_at_the_deadline(
    recorder: ChangeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is left to the next query."""
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    recorder.note_new([b"alone", b"one", b"other"])

    done = recorder.check_ahead(time.monotonic() - 1)

    assert not done
    assert list(recorder.new_names) == [b"other"]


def test_what_cannot_be_known_yet_is_not_checked_again_and_again(
    recorder: ChangeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there are too many new names, their inodes are dropped until the index has them."""
    monkeypatch.setattr(module, "_MAX_RECENT", 1)
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    recorder.note_new([b"alone", b"one", b"other"])
    assert not recorder.check_new_names(_later(), indexed=True)
    checks: list[object] = []
    monkeypatch.setattr(module, "lstat", checks.append)

    assert recorder.check_ahead(_later())
    assert not recorder.check_new_names(_later(), indexed=True)
    assert not checks


def test_dropped_names_are_reported_when_the_index_has_them(
    recorder: ChangeRecorder, index: Index, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More names appeared than are kept: no answer until the index has all of them."""
    monkeypatch.setattr(module, "_MAX_PENDING", 2)
    recorder.note_new([b"alone", b"one", b"other"])
    token = journal.token
    assert not recorder.check_new_names(_later(), indexed=True)
    assert recorder.misses_names

    _refresh(recorder, index)

    assert sorted(journal.since(token)) == [b"one", b"other"]
    assert not recorder.is_due
    assert recorder.check_new_names(_later(), indexed=True)


def test_a_check_that_fails_is_repeated(
    recorder: ChangeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read is not gone."""

    def fail(path: bytes) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    recorder.note_new([b"one", b"alone"])
    with monkeypatch.context() as broken:
        broken.setattr(module, "lstat", fail)
        assert not recorder.check_new_names(_later(), indexed=True)
        assert recorder.is_due
        assert recorder.check_ahead(_later()), "checking ahead must not go on for ever"

    assert recorder.check_new_names(_later(), indexed=True)
    recorder.record([b"one"])


def test_other_names_are_searched_for_in_slices(
    recorder: ChangeRecorder, index: Index, journal: Journal
) -> None:
    """However large the tree is, no thread waits longer than its deadline."""
    del index
    recorder.note_new([b"other"])
    token = journal.token

    slices = 0
    while not recorder.check_new_names(time.monotonic() - 1, indexed=True):
        slices += 1

    assert slices > 1
    assert sorted(journal.since(token)) == [b"one", b"other"]


def test_exchanged_names_stand_for_the_files_that_have_them_now(
    recorder: ChangeRecorder, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """And for the former files, as events may arrive late."""
    del index
    _appear(recorder, b"one", b"other")
    (tmp_path / "alone").rename(tmp_path / "aside")
    (tmp_path / "other").rename(tmp_path / "alone")
    (tmp_path / "aside").rename(tmp_path / "other")
    _appear(recorder, b"alone", b"other")
    token = journal.token

    recorder.record([b"one"])
    assert set(journal.since(token)) >= {b"one", b"alone"}

    token = journal.token
    recorder.record([b"other"])
    assert set(journal.since(token)) == {b"one", b"alone", b"other"}


def test_a_reused_inode_number_hides_no_name(
    recorder: ChangeRecorder, index: Index, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of its former file is not reported either: it is checked."""
    del index
    again = lstat(os.fsencode(recorder._base) + b"alone").st_ino

    def as_if(path: bytes) -> object:
        name = path[len(recorder._base) :]
        if name in (b"alone", b"gone"):
            raise FileNotFoundError(errno.ENOENT, "gone", path)
        return SimpleNamespace(st_ino=again, st_nlink=2, st_mode=stat.S_IFREG)

    monkeypatch.setattr(module, "lstat", as_if)
    _appear(recorder, b"first", b"second")
    token = journal.token

    recorder.record([b"second"])

    assert set(journal.since(token)) == {b"first", b"second"}


def test_names_of_a_reused_inode_number_do_not_pile_up(
    recorder: ChangeRecorder, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """A file with one name has no other names, whatever was known of its inode."""
    del index
    _appear(recorder, b"one", b"other")
    os.unlink(tmp_path / "one")
    for number in range(20):
        (tmp_path / "other").rename(tmp_path / "aside")
        (tmp_path / "aside").rename(tmp_path / f"new{number}")
        (tmp_path / f"new{number}").rename(tmp_path / "other")
        _appear(recorder, b"new%d" % number, b"other")
    token = journal.token

    recorder.record([b"other"])

    assert journal.since(token) == [b"other"]


def test_a_file_that_moved_before_it_was_checked_is_known(
    recorder: ChangeRecorder, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """Its name is another file's by then; a later event reports changes under that name."""
    del index
    _appear(recorder, b"one", b"other")
    recorder.note_moved(b"other", b"moved")
    (tmp_path / "other").unlink()
    (tmp_path / "moved").touch()
    _appear(recorder, b"moved")
    token = journal.token

    recorder.record([b"moved"])

    assert set(journal.since(token)) >= {b"one", b"moved"}


def test_a_file_with_one_name_left_is_written_under_a_former_name(
    recorder: ChangeRecorder, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """Through an open handle; also after a refresh of the index."""
    _appear(recorder, b"one", b"other")
    os.unlink(tmp_path / "one")
    recorder.record([b"one"])
    for _ in range(2):
        index.compare(b"")
        _refresh(recorder, index)
    token = journal.token

    recorder.record([b"one"])

    assert set(journal.since(token)) == {b"one", b"other"}


def test_a_name_that_is_newer_than_the_index_keeps_the_former_ones(
    recorder: ChangeRecorder, index: Index, journal: Journal, tmp_path: Path
) -> None:
    """The file had one name, and that moved: the index does not have it, nor was it checked."""
    _appear(recorder, b"one", b"other")
    os.unlink(tmp_path / "one")
    recorder.record([b"one"])
    index.compare(b"")
    (tmp_path / "other").rename(tmp_path / "moved")
    recorder.note_moved(b"other", b"moved")
    recorder.record([b"other", b"moved"])
    recorder.note_new([b"moved"])
    recorder._forget(b"other")
    recorder.begin_generation()
    recorder.relink({inode: set() for inode in recorder.linked_inodes()})
    recorder.finish_relink(())
    recorder.end_generation()
    token = journal.token

    recorder.record([b"one"])

    assert set(journal.since(token)) == {b"one", b"moved"}


def _appear(recorder: ChangeRecorder, *names: bytes) -> None:
    recorder.note_new(names)
    assert recorder.check_new_names(_later(), indexed=True)


def _refresh(recorder: ChangeRecorder, index: Index) -> None:
    recorder.begin_generation()
    recorder.relink(index.links(recorder.linked_inodes()))
    recorder.finish_relink(())
    recorder.end_generation()
