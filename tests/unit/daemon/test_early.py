"""What tokens from before the index stand for."""

import pytest

from fsmond.daemon.early import Early
from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Look


def look(prefix: bytes, *recent: bytes, stirred: bool = False) -> Look:
    """Return what a look at a directory with one file told."""
    found = [Difference(prefix + b"file", Kind.NEW)] if stirred else []
    return Look(prefix, found, [], list(recent), stirred, has_links=False)


def changed(*looks: Look) -> list[bytes] | None:
    """Return what changed, going by these."""
    early = Early()
    for each in looks:
        early.take(each)
    return early.changed()


def test_a_tree_in_which_nothing_is_new_did_not_change() -> None:
    """The usual case."""
    assert changed(look(b""), look(b"d/"), look(b"d/e/")) == []


def test_a_file_with_a_new_time_changed() -> None:
    """That is told by name."""
    assert changed(look(b"", b"top"), look(b"d/", b"d/file")) == [b"top", b"d/file"]


def test_where_a_name_came_or_went_the_directory_is_named_with_all_in_it() -> None:
    """The name that went is not known any more; what is below the directory may be meant."""
    assert changed(look(b""), look(b"d/", stirred=True), look(b"d/e/")) == [b"d/", b"d/file"]


@pytest.mark.parametrize(
    "looks",
    [
        [look(b"", stirred=True)],
        [look(b""), look(b"d/", stirred=True), look(b"d/e/", stirred=True)],
        [look(b""), look(b"d/", *[b"d/%d" % number for number in range(100_001)])],
    ],
    ids=["at the root", "perhaps a directory that was moved", "too much to remember"],
)
def test_what_can_not_be_told_is_everything(looks: list[Look]) -> None:
    """It happens once, at the start."""
    assert changed(*looks) is None
