"""Tests for fsmond.filters.ignore_rules."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fsmond.filters.ignore_rules import IgnoreRules, TooLargeError

SOON = 60.0  # seconds
Make = Callable[..., IgnoreRules]


class Names:
    """What is tracked, as a test says."""

    def __init__(self, *names: bytes) -> None:
        self.names = set(names)
        self.new: list[bytes] = []

    def refresh(self) -> list[bytes]:
        new, self.new = self.new, []
        self.names |= set(new)
        return new

    def holds(self, path: bytes) -> bool:
        return path in self.names or any(name.startswith(path) for name in self.names)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree with rules."""
    root = tmp_path / "tree"
    for folder in ("build/deep", "src/gen", "logs"):
        (root / folder).mkdir(parents=True)
    for name in ("build/a", "build/deep/b", "src/x.o", "src/gen/y.o", "logs/z.log", "top.o"):
        (root / name).touch()
    (root / ".gitignore").write_text("build/\n*.o\n")
    (root / "src" / ".gitignore").write_text("!x.o\n")
    return root


def rules_of(tree: Path, *sources: Path, tracked: Names | None = None) -> IgnoreRules:
    """Return the rules of a tree, and of files outside of it."""
    return IgnoreRules(os.fsencode(tree), lambda: [*map(os.fsencode, sources)], tracked)


def refreshed(rules: IgnoreRules, *changed: bytes) -> set[bytes]:
    """Take in rules that changed; return what is no longer ignored."""
    return set(rules.refresh(changed, time.monotonic() + SOON))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"build/", True),
        (b"build/deep/b", True),
        (b"top.o", True),
        (b"src/x.o", False),  # the nearer file decides
        (b"src/gen/y.o", True),
        (b"src/", False),
        (b".gitignore", False),
    ],
)
def test_the_nearest_file_that_says_anything_decides(
    tree: Path, path: bytes, expected: bool
) -> None:
    """As Git reads them."""
    assert rules_of(tree).leaves_out(path) is expected


def test_files_outside_of_the_tree_have_the_last_word(tree: Path, tmp_path: Path) -> None:
    """`info/exclude` comes before `core.excludesFile`."""
    first, second = tmp_path / "exclude", tmp_path / "ignore"
    first.write_text("*.log\n!kept.txt\n")
    second.write_text("*.txt\n")
    rules = rules_of(tree, first, second)

    assert rules.leaves_out(b"logs/z.log")
    assert rules.leaves_out(b"a.txt")
    assert not rules.leaves_out(b"kept.txt")
    assert not rules.leaves_out(b"src/x.o")


def test_what_is_tracked_is_kept(tree: Path) -> None:
    """Also in a directory that is ignored."""
    rules = rules_of(tree, tracked=Names(b"build/deep/b"))

    assert not rules.leaves_out(b"build/deep/b")
    assert not rules.leaves_out(b"build/")
    assert rules.leaves_out(b"build/a")


def test_what_is_no_longer_ignored_is_returned_once(tree: Path) -> None:
    """Topmost, as a directory stands for all below it."""
    rules = rules_of(tree)
    assert rules.leaves_out(b"build/")
    (tree / ".gitignore").write_text("*.o\n")

    assert refreshed(rules, b".gitignore") == {b"build/"}
    assert refreshed(rules, b".gitignore") == set()
    assert not rules.leaves_out(b"build/a")


def test_only_changed_rules_are_compared(tree: Path) -> None:
    """A `.gitignore` that was only touched changes nothing."""
    rules = rules_of(tree)
    rules.leaves_out(b"src/x.o")
    os.utime(tree / ".gitignore")

    assert refreshed(rules, b".gitignore", b"src/.gitignore", b"src/") == set()


def test_a_directory_may_have_brought_its_rules(tree: Path) -> None:
    """Where a directory is reported, all below it may have changed."""
    rules = rules_of(tree)
    assert not rules.leaves_out(b"src/x.o")
    assert rules.leaves_out(b"src/gen/y.o")
    (tree / "src" / ".gitignore").write_text("!*.o\n")

    assert refreshed(rules, b"src/") == {b"src/gen/y.o"}


def test_rules_that_vanish_are_rules_that_changed(tree: Path) -> None:
    """As `git checkout` may do."""
    rules = rules_of(tree)
    assert rules.leaves_out(b"top.o")
    (tree / ".gitignore").unlink()

    assert refreshed(rules, b".gitignore") == {b"build/", b"top.o", b"src/gen/y.o"}


def test_files_outside_are_noticed_without_a_report(tree: Path, tmp_path: Path) -> None:
    """No event says that they changed."""
    outside = tmp_path / "exclude"
    outside.write_text("logs/\n")
    rules = rules_of(tree, outside)
    before = rules.fingerprint()
    assert rules.leaves_out(b"logs/z.log")
    outside.write_text("")

    assert refreshed(rules) == {b"logs/"}
    assert rules.fingerprint() != before


def test_what_becomes_tracked_was_ignored_before(tree: Path) -> None:
    """`git add -f` makes a file visible, and changes nothing in the tree."""
    tracked = Names()
    rules = rules_of(tree, tracked=tracked)
    assert rules.leaves_out(b"build/a")
    tracked.new = [b"build/a", b"src/x.o"]

    assert refreshed(rules) == {b"build/a"}
    assert not rules.leaves_out(b"build/a")


def test_what_would_take_too_long_is_given_up(tree: Path) -> None:
    """The new rules hold all the same."""
    rules = rules_of(tree)
    assert rules.leaves_out(b"top.o")
    (tree / ".gitignore").write_text("")

    with pytest.raises(TooLargeError):
        rules.refresh([b".gitignore"], time.monotonic() - 1)
    assert not rules.leaves_out(b"top.o")


def test_when_the_rules_of_too_many_directories_are_kept_all_are_read_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they left out is forgotten then, so everything counts as no longer ignored, once."""
    monkeypatch.setattr("fsmond.filters.ignore_rules._MAX_KEPT", 3)
    rules = rules_of(tree)
    assert rules.leaves_out(b"src/gen/y.o")
    assert refreshed(rules) == set()
    assert rules.leaves_out(b"logs/a.o")
    (tree / "src" / "gen" / ".gitignore").write_text("!*.o\n")

    with pytest.raises(TooLargeError):
        rules.refresh([b"src/gen/.gitignore"], time.monotonic() + SOON)
    assert not rules.leaves_out(b"src/gen/y.o")
    assert refreshed(rules) == set()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_gitignore_is_no_link(tree: Path) -> None:
    """Git does not follow it, since version 2.32."""
    (tree / "rules").write_text("*.log\n")
    (tree / "logs" / ".gitignore").symlink_to(tree / "rules")

    assert not rules_of(tree).leaves_out(b"logs/z.log")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
def test_what_is_no_file_has_no_rules(tree: Path) -> None:
    """To open a FIFO could block for ever."""
    if sys.platform != "win32":  # tells the type checker
        os.mkfifo(tree / "logs" / ".gitignore")

    assert not rules_of(tree).leaves_out(b"logs/z.log")
