"""Tests for fsmond.git.tracked."""

import os
import struct
from pathlib import Path

import pytest

from fsmond.git.tracked import Tracked


def index_of(*names: bytes) -> bytes:
    """Return an index of version 2."""
    entries = b""
    for name in sorted(names):
        entry = bytes(60) + struct.pack(">H", len(name)) + name
        entries += entry + bytes(8 - len(entry) % 8)
    return b"DIRC" + struct.pack(">II", 2, len(names)) + entries + bytes(20)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Write an index with a few names."""
    path = tmp_path / "index"
    path.write_bytes(index_of(b"a/b/c", b"top", b"module"))
    return path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"top", True),
        (b"a/b/c", True),
        (b"a/", True),
        (b"a/b/", True),
        (b"a/x", False),
        (b"a/b/c/", True),  # a directory in the place of a file
        (b"module/inside/x", True),  # it is Git's affair what is in a submodule
        (b"other", False),
        (b"other/", False),
        (b"a/bc/d", False),
    ],
)
def test_a_path_is_tracked_or_has_tracked_paths_below(
    index: Path, path: bytes, expected: bool
) -> None:
    """Such a path is never left out."""
    assert Tracked(os.fsencode(index)).holds(path) is expected


def test_an_index_that_changed_is_read_again(index: Path) -> None:
    """What is new in it is returned once."""
    tracked = Tracked(os.fsencode(index))
    index.write_bytes(index_of(b"a/b/c", b"top", b"module", b"new"))

    assert tracked.refresh() == [b"new"]
    assert tracked.refresh() == []
    assert tracked.holds(b"new")


def test_without_an_index_nothing_is_tracked(tmp_path: Path) -> None:
    """A new repository has none."""
    tracked = Tracked(os.fsencode(tmp_path / "none"))

    assert not tracked.holds(b"a")
    assert tracked.refresh() == []


def test_while_an_index_cannot_be_read_everything_is_tracked(index: Path) -> None:
    """What cannot be known is reported."""
    index.write_bytes(b"rubbish")
    tracked = Tracked(os.fsencode(index))
    assert tracked.holds(b"anything")

    index.write_bytes(index_of(b"top"))
    tracked.refresh()
    assert not tracked.holds(b"anything")


def test_names_that_appeared_while_the_index_could_not_be_read_are_new(index: Path) -> None:
    """They may have been left out before."""
    tracked = Tracked(bytes(index))
    index.write_bytes(b"damaged")
    assert tracked.refresh() == []
    assert tracked.holds(b"anything")
    (index.parent / "new").write_bytes(index_of(b"top", b"added"))
    os.replace(index.parent / "new", index)

    assert tracked.refresh() == [b"added"]
    assert not tracked.holds(b"anything")


def test_case_is_ignored_on_demand(index: Path) -> None:
    """As Git finds a file by another spelling; new names are spelled as in the index."""
    tracked = Tracked(bytes(index), ignore_case=True)
    assert tracked.holds(b"TOP")
    assert tracked.holds(b"A/B/")
    index.write_bytes(index_of(b"top", b"Added"))

    assert tracked.refresh() == [b"Added"]
    assert tracked.holds(b"added")
