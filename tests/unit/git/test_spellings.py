"""Paths are reported as Git's index spells them, too, if the file system is case-insensitive."""

import os
from pathlib import Path

import pytest
from support.running import make_repository

from fsmond.git import spellings
from fsmond.git.folding import folds_case
from fsmond.git.spellings import Spellings

NAMES = [b"dir/file", b"Dir2/Sub/File", b"TOP", b"a\xcc\x88/x", b"K/x", b"sparse/", b"Two", b"two"]


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spellings:
    """Return the spellings of an index with those names."""
    (tmp_path / "index").touch()
    monkeypatch.setattr(spellings, "names_in", lambda _: NAMES)
    return Spellings(bytes(tmp_path / "index"))


@pytest.mark.parametrize(
    ("reported", "also"),
    [
        (b"dir/file", []),
        (b"dir/FILE", [b"dir/file"]),
        (b"DIR/FILE", [b"dir/file"]),
        (b"DIR/new", [b"dir/new"]),
        (b"DIR/New/deep", [b"dir/New/deep"]),
        (b"DIR/", [b"dir/"]),
        (b"DIR", [b"dir/"]),
        (b"dir/", []),
        (b"dir2/sub/file", [b"Dir2/Sub/File"]),
        (b"dir2/SUB/new", [b"Dir2/Sub/new"]),
        (b"DIR2/", [b"Dir2/"]),
        (b"top", [b"TOP"]),
        (b"top/", [b"TOP"]),
        (b"\xc3\x84/X", [b"a\xcc\x88/x"]),
        (b"\xe2\x84\xaa/x", [b"K/x"]),
        (b"SPARSE/any", [b"sparse/any"]),
        (b"TWO", [b"Two", b"two"]),
        (b"Two", [b"two"]),
        (b"other", []),
        (b"Other/new", []),
    ],
)
def test_the_spelling_of_the_index_is_reported_as_well(
    known: Spellings, reported: bytes, also: list[bytes]
) -> None:
    """Git recognizes a file only by that; the observed spelling stays."""
    assert known.with_indexed([reported]) == [reported, *also]


def test_each_spelling_is_listed_once(known: Spellings) -> None:
    """However many spellings were used."""
    assert known.with_indexed([b"dir/FILE", b"DIR/file", b"dir/file"]) == [
        b"dir/FILE",
        b"DIR/file",
        b"dir/file",
    ]


def test_an_index_is_read_again_when_it_changed_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many files, reading takes a tenth of a second."""
    index = tmp_path / "index"
    read: list[bytes] = []

    def names_in(_: bytes) -> list[bytes]:
        read.append(b"")
        return [index.read_bytes()]

    monkeypatch.setattr(spellings, "names_in", names_in)
    known = Spellings(bytes(index))
    index.write_bytes(b"One")
    assert [known.with_indexed([b"one"]) for _ in range(3)] == [[b"one", b"One"]] * 3
    assert len(read) == 1
    (tmp_path / "new").write_bytes(b"oNE")
    os.replace(tmp_path / "new", index)

    assert known.with_indexed([b"one"]) == [b"one", b"oNE"]


def test_an_ordinary_tree_is_recognized(tmp_path: Path) -> None:
    """It needs no spellings."""
    make_repository(tmp_path)
    folds = (tmp_path / ".GIT").exists()

    assert folds_case(bytes(tmp_path), bytes(tmp_path / ".git")) == folds


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("Yes", True), ("false", False)])
def test_the_setting_that_git_made_at_init_counts(
    tmp_path: Path, text: str, *, expected: bool
) -> None:
    """A directory may be case-insensitive in a tree that is not."""
    make_repository(tmp_path)
    (tmp_path / ".git" / "config").write_text(f"[core]\n\tignorecase = {text}\n")
    if (tmp_path / ".GIT").exists():
        pytest.skip("this file system is case-insensitive anyway")

    assert folds_case(bytes(tmp_path), bytes(tmp_path / ".git")) is expected


def test_a_file_that_is_found_by_another_spelling_shows_case_insensitivity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration does not count then: it may come from another machine."""
    make_repository(tmp_path)
    real = os.lstat

    def lstat(path: bytes) -> os.stat_result:
        folder, name = os.path.split(path)
        return real(os.path.join(folder, name.upper() if name == b"head" else name))

    monkeypatch.setattr(os, "lstat", lstat)

    assert folds_case(bytes(tmp_path), bytes(tmp_path / ".git"))
