"""Tests for fsmond.journal.lifetimes."""

import pytest

from fsmond.journal.history import Journal
from fsmond.journal.lifetimes import Lifetimes


@pytest.fixture
def lifetimes() -> Lifetimes:
    """Know nothing."""
    return Lifetimes()


def test_nothing_is_known_at_first(lifetimes: Lifetimes) -> None:
    """Then another record decides whether a path exists, and a change is a change."""
    assert not lifetimes.exists(b"a", None)
    assert lifetimes.exists(b"a", 7)
    assert not lifetimes.began_after(b"a", 0)
    assert not lifetimes.is_gone(b"a")


def test_a_path_exists_from_its_creation_to_its_removal(lifetimes: Lifetimes) -> None:
    """Something that takes its place then does not create it."""
    lifetimes.begin(b"a", 3)
    assert lifetimes.exists(b"a", None)

    lifetimes.end(b"a", 4)
    assert not lifetimes.exists(b"a", 7)


def test_a_path_is_new_since_before_its_creation_only(lifetimes: Lifetimes) -> None:
    """A later token was given when the path was there already."""
    lifetimes.begin(b"a", 3)

    assert lifetimes.began_after(b"a", 2)
    assert not lifetimes.began_after(b"a", 3)


def test_a_path_that_is_there_though_it_was_removed_is_new(lifetimes: Lifetimes) -> None:
    """Its creation was not seen yet, or was lost."""
    lifetimes.end(b"a", 3)

    assert lifetimes.began_after(b"a", 9)


@pytest.mark.parametrize("top", [b"d/", b"d/e/"])
def test_what_is_below_a_new_directory_is_new(lifetimes: Lifetimes, top: bytes) -> None:
    """It came with the directory, whatever was in an earlier one of that name."""
    lifetimes.begin(b"d/e/f", 2)
    lifetimes.begin(top, 5)

    assert lifetimes.began_after(b"d/e/f", 4)
    assert not lifetimes.began_after(b"d/e/f", 5)
    assert not lifetimes.exists(b"d/e/f", None)
    assert not lifetimes.exists(b"d/e/other", 4)
    assert lifetimes.exists(b"d/e/other", 5)


def test_what_was_below_a_removed_directory_is_gone(lifetimes: Lifetimes) -> None:
    """No event says that of each path."""
    lifetimes.begin(b"d/f", 2)
    lifetimes.end(b"d/", 2)

    assert not lifetimes.exists(b"d/f", None)
    assert lifetimes.began_after(b"d/f", 9)


def test_what_came_with_a_directory_at_once_exists(lifetimes: Lifetimes) -> None:
    """Events that arrive together have one sequence."""
    lifetimes.begin(b"d/", 2)
    lifetimes.begin(b"d/f", 2)

    assert lifetimes.exists(b"d/f", None)


def test_another_name_with_the_same_beginning_is_not_below(lifetimes: Lifetimes) -> None:
    """`d` is a file, and `d/` a directory."""
    lifetimes.begin(b"d", 5)
    lifetimes.begin(b"de/", 5)

    assert not lifetimes.began_after(b"d/f", 0)


def test_a_path_that_the_journal_drops_is_forgotten() -> None:
    """Memory is bounded by the paths that the journal keeps."""
    journal = Journal("0" * 16, keep=8)
    for number in range(20):
        journal.record([b"%d" % number])
        journal.lifetimes.begin(b"%d" % number, journal.token.sequence)

    kept = journal.entries_after(-1)
    assert len(kept.paths) <= 8
    assert all(kept.lifetimes)
    assert journal.lifetimes.get([b"0"]) == [0]
