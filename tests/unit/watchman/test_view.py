"""What is remembered of a tree is what it is, and what it was."""

import os
from pathlib import Path

import pytest

from fsmond.watchman.trees import view
from fsmond.watchman.trees.view import View


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make two files, one of them below two directories."""
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").write_text("f")
    (tmp_path / "x").write_text("x")
    return tmp_path


@pytest.fixture
def known(tree: Path) -> View:
    """Look at all of it."""
    found = View(bytes(tree))
    found.build(1)
    return found


def existing(known: View) -> set[bytes]:
    """Return the paths that are there."""
    return {entry.path for entry in known.existing()}


def changed(known: View, tick: int) -> dict[bytes, bool]:
    """Return what changed after a tick, and whether it is there."""
    return {entry.path: entry.exists for entry in known.since(tick)}


def test_everything_is_seen(known: View) -> None:
    """With its state."""
    assert existing(known) == {b"d", b"d/e", b"d/e/f", b"x"}
    entry = known.get(b"d/e/f")
    assert entry is not None
    assert (entry.size, entry.created, entry.changed) == (1, 1, 1)


def test_a_change_is_newer_than_what_was_known(known: View, tree: Path) -> None:
    """And is not new."""
    (tree / "x").write_text("longer")

    known.update([b"x"], 2)

    (entry,) = known.since(1)
    assert (entry.path, entry.size, entry.created) == (b"x", 6, 1)


def test_with_a_name_its_directory_changes(known: View, tree: Path) -> None:
    """As its time does; only where a name came or went."""
    (tree / "d" / "new").touch()
    known.update([b"d/new"], 2)
    assert changed(known, 1) == {b"d/new": True, b"d": True}

    (tree / "d" / "new").write_text("x")
    known.update([b"d/new"], 3)
    assert changed(known, 2) == {b"d/new": True}


def test_what_was_in_a_directory_goes_with_it(known: View, tree: Path) -> None:
    """The directory is reported; a client wants each file, with the type that it had."""
    os.rename(tree / "d", tree.parent / f"{tree.name}-out")

    known.update([b"d/"], 2)

    assert changed(known, 1) == {b"d": False, b"d/e": False, b"d/e/f": False}
    entry = known.get(b"d/e")
    assert entry is not None
    assert entry.is_directory


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_file_in_the_place_of_a_directory(known: View, tree: Path) -> None:
    """Also a link to a directory: what is in there is not in this tree."""
    os.rename(tree / "d", tree.parent / f"{tree.name}-out")
    os.symlink(tree.parent / f"{tree.name}-out", tree / "d")

    known.update([b"d", b"d/", b"d/e/", b"d/e/f"], 2)

    assert existing(known) == {b"d", b"x"}
    assert changed(known, 1) == {b"d": True, b"d/e": False, b"d/e/f": False}


def test_a_directory_that_was_replaced_is_looked_at_anew(known: View, tree: Path) -> None:
    """Names that were only in the former one are gone."""
    os.rename(tree / "d", tree.parent / f"{tree.name}-out")
    (tree / "d").mkdir()
    (tree / "d" / "g").touch()

    known.update([b"d/"], 2)

    assert existing(known) == {b"d", b"d/g", b"x"}


def test_what_came_and_went_is_nothing(known: View) -> None:
    """No client was told of it."""
    known.update([b"never", b"no/such/"], 2)

    assert known.since(1) == []


def test_what_comes_back_is_new(known: View, tree: Path) -> None:
    """If it was seen to be gone."""
    (tree / "x").unlink()
    known.update([b"x"], 2)
    (tree / "x").touch()
    known.update([b"x"], 3)

    (entry,) = known.since(2)
    assert (entry.exists, entry.created) == (True, 3)


def test_everything_can_be_looked_at_again(known: View, tree: Path) -> None:
    """An empty path stands for the whole tree."""
    (tree / "x").unlink()
    (tree / "y").touch()

    known.update([b""], 2)

    assert existing(known) == {b"d", b"d/e", b"d/e/f", b"y"}


def test_git_directories_are_left_out(tree: Path) -> None:
    """What is in them is not watched; the directory is an entry."""
    (tree / "d" / ".git" / "objects").mkdir(parents=True)
    known = View(bytes(tree))
    known.build(1)

    assert b"d/.git" in existing(known)
    assert b"d/.git/objects" not in existing(known)


def test_a_part_of_a_tree(tree: Path) -> None:
    """Paths are relative to it."""
    known = View(bytes(tree), b"d/")
    known.build(1)

    assert existing(known) == {b"e", b"e/f"}


def test_what_is_below_a_directory(known: View) -> None:
    """As deep as is asked for."""
    assert {entry.path for entry in known.below(b"")} == existing(known)
    assert {entry.path for entry in known.below(b"d", 0)} == {b"d/e"}
    assert {entry.path for entry in known.below(b"d", 1)} == {b"d/e", b"d/e/f"}


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may look everywhere")
def test_what_cannot_be_looked_at_is_not_gone(known: View, tree: Path) -> None:
    """It is reported as changed."""
    (tree / "d").chmod(0)
    try:
        known.update([b"d/", b"d/e/f"], 2)
    finally:
        (tree / "d").chmod(0o755)

    assert changed(known, 1) == {b"d": True, b"d/e/f": True}


def test_what_is_gone_is_remembered_up_to_a_limit(
    known: View, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the oldest is forgotten, and nobody is answered from before."""
    monkeypatch.setattr(view, "MAX_GONE", 3)
    for number in range(6):
        (tree / f"{number}").touch()
        known.update([b"%d" % number], 2 * number + 2)
        (tree / f"{number}").unlink()
        known.update([b"%d" % number], 2 * number + 3)

    gone = [entry for entry in known.since(0) if not entry.exists]
    assert len(gone) <= 3
    assert known.base >= 3


def test_a_view_can_be_stored(known: View, tree: Path) -> None:
    """The other one knows the same."""
    (tree / "x").unlink()
    known.update([b"x"], 2)
    other = View(bytes(tree))

    other.restore(known.snapshot(), known.base)

    assert other.since(0) == known.since(0)
    assert {entry.path for entry in other.below(b"")} == existing(known)


def test_files_of_a_suffix_are_those_that_are_there(tree: Path) -> None:
    """In whatever case, and whatever came and went."""
    for name in ("a.txt", "d/b.TXT", "d/c.d.ts", "e.txt.gz", "txt"):
        (tree / name).touch()
    known = View(bytes(tree))
    known.build(1)

    def named(*suffixes: bytes) -> set[bytes]:
        return {entry.path for entry in known.of_suffix(frozenset(suffixes))}

    assert named(b"txt") == {b"a.txt", b"d/b.TXT"}
    assert named(b"d.ts", b"gz", b"ts") == {b"d/c.d.ts", b"e.txt.gz"}

    (tree / "a.txt").unlink()
    (tree / "d").rename(tree / "new.txt")
    known.update([b"a.txt", b"d/", b"new.txt/"], 2)
    assert named(b"txt") == {b"new.txt", b"new.txt/b.TXT"}

    (tree / "a.txt").touch()
    known.update([b"a.txt"], 3)
    assert b"a.txt" in named(b"txt")


def test_files_of_a_suffix_are_known_after_what_is_gone_is_forgotten(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forgotten may be there again."""
    monkeypatch.setattr(view, "MAX_GONE", 3)
    names = [f"{number}.txt" for number in range(8)]
    for name in names:
        (tree / name).touch()
    known = View(bytes(tree))
    known.build(1)

    def named() -> set[bytes]:
        return {entry.path for entry in known.of_suffix(frozenset((b"txt",)))}

    assert len(named()) == 8
    for number, name in enumerate(names):
        (tree / name).unlink()
        known.update([name.encode()], 2 + number)
    assert named() == set()

    for number in (0, 7):
        (tree / names[number]).touch()
    known.update([b"0.txt", b"7.txt"], 20)
    assert named() == {b"0.txt", b"7.txt"}


def test_suffixes_that_are_gone_are_forgotten(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files have a new one each."""
    monkeypatch.setattr(view, "MAX_GONE", 3)
    known = View(bytes(tree))
    known.build(1)
    for number in range(50):
        (tree / f"file.{number}").touch()
        known.update([b"file.%d" % number], 2 * number + 2)
        (tree / f"file.{number}").unlink()
        known.update([b"file.%d" % number], 2 * number + 3)

    assert len(known._suffixes) <= 6
