"""The names of files that have several."""

import pytest

from fsmond.index.links import Links

PAIRS = [(1, b"a"), (1, b"d/b"), (2, b"alone"), (3, b"d/e/x"), (3, b"y"), (3, b"z")]


@pytest.mark.parametrize(
    ("paths", "others"),
    [
        ([b"a"], {b"a", b"d/b"}),
        ([b"y"], {b"d/e/x", b"y", b"z"}),
        ([b"alone", b"unknown"], set()),
        ([b"d/"], {b"a", b"d/b", b"d/e/x", b"y", b"z"}),
        ([b"d/e/"], {b"d/e/x", b"y", b"z"}),
        ([b"e/"], set()),
        ([], set()),
    ],
)
def test_what_changes_by_one_name_changes_by_all(paths: list[bytes], others: set[bytes]) -> None:
    """Or by the name of a directory above one: that may have moved."""
    assert Links(PAIRS).others(paths) == others


def test_a_file_with_one_name_is_not_kept() -> None:
    """Most that have several have them elsewhere, and there may be a hundred thousand."""
    links = Links(PAIRS)

    assert (links.inode(b"alone"), links.inode(b"a")) == (None, 1)
    assert not Links([(2, b"alone")])


def test_names_can_be_added() -> None:
    """As they come."""
    links = Links(PAIRS)

    links.add(1, [b"new"])
    links.add(7, [b"one", b"two"])

    assert links.others([b"d/b"]) == {b"a", b"d/b", b"new"}
    assert links.others([b"two"]) == {b"one", b"two"}
