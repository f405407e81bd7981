"""The names of files that have several."""

import random

import pytest

from fsmond.index import links as module
from fsmond.index.links import Links

PAIRS = [(1, b"a"), (1, b"d/b"), (3, b"d/e/x"), (3, b"y"), (3, b"z")]


@pytest.fixture
def links() -> Links:
    """Have some that know two files."""
    made = Links()
    for inode, path in PAIRS:
        made.bind(path, inode)
    return made


@pytest.mark.parametrize(
    ("paths", "others"),
    [
        ([b"a"], {b"a", b"d/b"}),
        ([b"y"], {b"d/e/x", b"y", b"z"}),
        ([b"unknown"], set()),
        ([], set()),
    ],
)
def test_what_changes_by_one_name_changes_by_all(
    links: Links, paths: list[bytes], others: set[bytes]
) -> None:
    """And what has one name changes alone."""
    assert links.others(paths) == others


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        (b"d/", {b"d/b", b"d/e/x"}),
        (b"d/e/", {b"d/e/x"}),
        (b"", {b"a", b"d/b", b"d/e/x", b"y", b"z"}),
        (b"d/f/", set()),
        (b"e/", set()),
    ],
)
def test_names_are_found_by_a_directory_above(
    links: Links, prefix: bytes, names: set[bytes]
) -> None:
    """Which may have moved."""
    assert set(links.below(prefix)) == names
    assert links.any_below(prefix) == bool(names)


def test_a_name_that_is_another_files_now_stands_for_both(links: Links) -> None:
    """An event that was queued before, or comes by an open handle, is of the file before."""
    links.bind(b"y", 1)

    assert links.others([b"y"]) == {b"a", b"d/b", b"y", b"d/e/x", b"z"}
    assert links.others([b"z"]) == {b"d/e/x", b"z"}
    assert links.others([b"a"]) == {b"a", b"d/b", b"y"}


def test_a_name_that_is_gone_stands_for_the_file_that_it_was(links: Links) -> None:
    """As long as the file has other names."""
    links.bind(b"a", None)
    assert links.others([b"a"]) == {b"d/b"}

    links.bind(b"d/b", None)
    links.tidy(1)

    assert links.others([b"a", b"d/b"]) == set()
    assert 1 not in links


def test_what_moved_is_known_by_its_new_name(links: Links) -> None:
    """Before anybody looked at it."""
    links.move(b"a", b"new")

    assert links.others([b"new"]) >= {b"new", b"d/b"}


def test_all_names_can_be_found_anew(links: Links) -> None:
    """Those that a file has not any more are kept as former ones, and a new file is taken in."""
    links.renew(3, {b"z", b"new"})
    links.renew(7, {b"one", b"two"})
    links.renew(8, {b"alone"})
    links.renew(1, set())

    assert links.others([b"y"]) == {b"z", b"new"}
    assert links.others([b"two"]) == {b"one", b"two"}
    assert links.inodes() == {3, 7}


def test_former_names_are_bounded(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ones are forgotten, and no name that is a file's own."""
    monkeypatch.setattr(module, "_FORMER", 10)
    for number in range(100):
        links.bind(b"%d" % number, 1)
        links.bind(b"%d" % number, None)

    assert len(links) == len(PAIRS) + 10
    assert links.others([b"99"]) == {b"a", b"d/b"}
    assert links.others([b"0"]) == set()


def test_both_directions_agree_whatever_is_done() -> None:
    """Held against a plain set of pairs."""
    chance = random.Random(1)
    names = [b"a", b"b", b"d/a", b"d/e/b", b"d/e/c", b"f/a"]
    links, pairs = Links(), set[tuple[bytes, int]]()  # that may be, or have been, one
    for _ in range(3000):
        path, inode = chance.choice(names), chance.randrange(4)
        match chance.randrange(5):
            case 0:
                links.bind(path, inode)
                pairs.add((path, inode))
            case 1:
                links.bind(path, None)
            case 2:
                links.remember(path, inode)
                pairs.add((path, inode))
            case 3:
                links.tidy(inode)
                pairs = {pair for pair in pairs if pair[1] != inode or inode in links}
            case 4:
                found = set(chance.sample(names, 3))
                links.renew(inode, found)
                pairs |= {(each, inode) for each in found}
        for each in names:
            inodes = {inode for name, inode in pairs if name == each}
            own = {name for inode in inodes for name in links.names(inode)}
            assert links.others([each]) == own
