"""The names of files that have several (hard links)."""

import random

import pytest

from fsmond.index import links as module
from fsmond.index.links import Links

PAIRS = [(1, b"a"), (1, b"d/b"), (3, b"d/e/x"), (3, b"y"), (3, b"z")]


@pytest.fixture
def links() -> Links:
    """Make links that know two files."""
    made = Links()
    for inode, path in PAIRS:
        made.bind(path, inode)
    return made


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([b"a"], {b"a", b"d/b"}),
        ([b"y"], {b"d/e/x", b"y", b"z"}),
        ([b"unknown"], set()),
        ([], set()),
    ],
)
def test_a_change_under_one_name_is_one_under_all_names(
    links: Links, paths: list[bytes], names: set[bytes]
) -> None:
    """A file with one name changes alone."""
    assert links.linked_names(paths) == names


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
    """That directory may have moved."""
    assert set(links.below(prefix)) == names
    assert links.any_below(prefix) == bool(names)


def test_a_name_that_belongs_to_another_file_now_stands_for_both(links: Links) -> None:
    """An event queued before, or caused through an open handle, is about the former file."""
    links.bind(b"y", 1)

    assert links.linked_names([b"y"]) == {b"a", b"d/b", b"y", b"d/e/x", b"z"}
    assert links.linked_names([b"z"]) == {b"d/e/x", b"z"}
    assert links.linked_names([b"a"]) == {b"a", b"d/b", b"y"}


def test_a_name_that_is_gone_stands_for_its_former_file(links: Links) -> None:
    """As long as the file has other names."""
    links.bind(b"a", None)
    assert links.linked_names([b"a"]) == {b"d/b"}

    links.bind(b"d/b", None)
    links.prune(1)

    assert links.linked_names([b"a", b"d/b"]) == set()
    assert 1 not in links


def test_a_moved_file_is_known_by_its_new_name(links: Links) -> None:
    """Even before the new name is checked."""
    links.move(b"a", b"new")

    assert links.linked_names([b"new"]) >= {b"new", b"d/b"}


def test_all_names_of_a_file_can_be_replaced(links: Links) -> None:
    """Names that the file no longer has are kept as former ones; a new file is added."""
    links.replace_names(3, {b"z", b"new"})
    links.replace_names(7, {b"one", b"two"})
    links.replace_names(8, {b"alone"})
    links.replace_names(1, set())

    assert links.linked_names([b"y"]) == {b"z", b"new"}
    assert links.linked_names([b"two"]) == {b"one", b"two"}
    assert links.inodes() == {3, 7}


def test_former_names_are_bounded(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest former names are dropped, but no own name."""
    monkeypatch.setattr(module, "_FORMER", 10)
    for number in range(100):
        links.bind(b"%d" % number, 1)
        links.bind(b"%d" % number, None)

    assert len(links) == len(PAIRS) + 10
    assert links.linked_names([b"99"]) == {b"a", b"d/b"}
    assert links.linked_names([b"0"]) == set()


def test_both_directions_agree_whatever_is_done() -> None:
    """Compared with a plain set of pairs."""
    chance = random.Random(1)
    names = [b"a", b"b", b"d/a", b"d/e/b", b"d/e/c", b"f/a"]
    links, pairs = Links(), set[tuple[bytes, int]]()  # of a name and a file that has or had it
    for _ in range(3000):
        path, inode = chance.choice(names), chance.randrange(4)
        match chance.randrange(5):
            case 0:
                links.bind(path, inode)
                pairs.add((path, inode))
            case 1:
                links.bind(path, None)
            case 2:
                links.add_former(path, inode)
                pairs.add((path, inode))
            case 3:
                links.prune(inode)
                pairs = {pair for pair in pairs if pair[1] != inode or inode in links}
            case 4:
                found = set(chance.sample(names, 3))
                links.replace_names(inode, found)
                pairs |= {(each, inode) for each in found}
        for each in names:
            inodes = {inode for name, inode in pairs if name == each}
            own = {name for inode in inodes for name in links.names(inode)}
            assert links.linked_names([each]) == own
