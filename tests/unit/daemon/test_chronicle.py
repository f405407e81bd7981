"""What came is looked at before somebody asks, where that can be of use."""

import os
import time
from pathlib import Path

import pytest

from fsmond.daemon import chronicle as module
from fsmond.daemon.chronicle import Chronicle
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
    chronicle.note_new([b"alone", b"one", b"other"])
    assert not chronicle.look_at_new(_later(), indexed=True)
    assert list(chronicle.new) == [b"one", b"other"]
    looks: list[object] = []
    monkeypatch.setattr(module, "lstat", looks.append)

    done = chronicle.look_ahead(_later())

    assert done
    assert not looks
    assert list(chronicle.new) == [b"one", b"other"]
