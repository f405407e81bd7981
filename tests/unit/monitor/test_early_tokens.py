"""What changed since tokens that were issued before the index was built."""

import pytest

from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Comparison
from fsmond.monitor.early_tokens import EarlyTokens


def directory(prefix: bytes, *recent: bytes, names_changed: bool = False) -> Comparison:
    """Return the comparison of a directory with one file."""
    found = [Difference(prefix + b"file", Kind.NEW)] if names_changed else []
    return Comparison(prefix, found, [], list(recent), names_changed, has_links=False)


def changed(*comparisons: Comparison) -> list[bytes] | None:
    """Return what changed, according to these comparisons."""
    early = EarlyTokens()
    for each in comparisons:
        early.take(each)
    return early.changed()


def test_a_tree_without_new_times_did_not_change() -> None:
    """The usual case."""
    assert changed(directory(b""), directory(b"d/"), directory(b"d/e/")) == []


def test_a_file_with_a_new_time_changed() -> None:
    """It is reported by name."""
    assert changed(directory(b"", b"top"), directory(b"d/", b"d/file")) == [b"top", b"d/file"]


def test_where_a_name_appeared_or_vanished_the_directory_and_its_names_are_reported() -> None:
    """A name that vanished is unknown; anything below the directory may have changed."""
    assert changed(directory(b""), directory(b"d/", names_changed=True), directory(b"d/e/")) == [
        b"d/",
        b"d/file",
    ]


def test_the_order_does_not_matter() -> None:
    """Two processes look at the tree."""
    below = directory(b"d/e/", names_changed=True)

    assert changed(below, directory(b"d/", names_changed=True)) is None
    assert changed(below, directory(b"d/")) == [b"d/e/", b"d/e/file"]


@pytest.mark.parametrize(
    "comparisons",
    [
        [directory(b"", names_changed=True)],
        [
            directory(b""),
            directory(b"d/", names_changed=True),
            directory(b"d/e/", names_changed=True),
        ],
        [directory(b""), directory(b"d/", *[b"d/%d" % number for number in range(100_001)])],
    ],
    ids=["at the root", "perhaps a directory that was moved", "too much to remember"],
)
def test_what_cannot_be_determined_is_everything(comparisons: list[Comparison]) -> None:
    """It happens once, at the start."""
    assert changed(*comparisons) is None
