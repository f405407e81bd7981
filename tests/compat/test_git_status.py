"""`git status` says the same, whether it asks fsmond or looks at everything itself."""

import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from running import REFERENCE, status
from system_calls import exchange

Git = Callable[..., str]


def _rename_with_subdirectories(root: Path) -> None:
    (root / "a").rename(root / "renamed")


def _edit_below_renamed(root: Path) -> None:
    (root / "renamed" / "b" / "c" / "one").write_text("changed")
    (root / "renamed" / "b" / "new").write_text("new")


def _move_back(root: Path) -> None:
    (root / "renamed").rename(root / "a")


def _exchange(root: Path) -> None:
    exchange(os.fsencode(root / "d" / "e"), os.fsencode(root / "a" / "b"))


def _edit_exchanged(root: Path) -> None:
    (root / "d" / "e" / "c" / "two").write_text("changed")
    (root / "a" / "b" / "untracked").write_text("new")


def _delete(root: Path) -> None:
    (root / "g" / "one").unlink()
    shutil.rmtree(root / "d" / "f")


def _new_nested(root: Path) -> None:
    (root / "new" / "x" / "y").mkdir(parents=True)
    (root / "new" / "x" / "y" / "file").write_text("new")


def _store_by_map(root: Path) -> None:
    with (root / "g" / "two").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] ^= 1


def _replace_directory(root: Path) -> None:
    """Leave an untracked file in it, and put another directory in its place."""
    (root / "g" / "untracked").write_text("new")


def _replaced(root: Path) -> None:
    (root / "fresh").mkdir()
    (root / "g").rename(root.parent / "aside")
    (root / "fresh").rename(root / "g")


def _move_in(root: Path) -> None:
    outside = root.parent / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub" / "file").write_text("new")
    outside.rename(root / "moved-in")


def _edit_moved_in(root: Path) -> None:
    (root / "moved-in" / "second").write_text("new")
    (root / "moved-in" / "sub" / "file").unlink()


def _file_to_directory(root: Path) -> None:
    (root / "d" / "one").mkdir(parents=True, exist_ok=True)
    (root / "d" / "one" / "inside").write_text("new")


def _ignore(root: Path) -> None:
    (root / ".gitignore").write_text("untracked\nnew/\n")


def _no_longer_ignore(root: Path) -> None:
    (root / ".gitignore").unlink()


def _mode(root: Path) -> None:
    (root / "a" / "three").chmod(0o755)


def _link_in_place_of_a_file(root: Path) -> None:
    (root / "a" / "two").unlink()
    (root / "a" / "two").symlink_to("three")


def _empty_trees(root: Path) -> None:
    shutil.rmtree(root / "new")
    (root / "new" / "x").mkdir(parents=True)


STEPS = [
    _rename_with_subdirectories,
    _edit_below_renamed,
    _move_back,
    _exchange,
    _edit_exchanged,
    _delete,
    _new_nested,
    _store_by_map,
    _replace_directory,
    _replaced,
    _move_in,
    _edit_moved_in,
    _file_to_directory,
    _ignore,
    _no_longer_ignore,
    _mode,
    _link_in_place_of_a_file,
    _empty_trees,
]


@pytest.mark.parametrize("untracked", ["normal", "all"])
def test_status_is_the_same_after_each_step(ask: Git, root: Path, untracked: str) -> None:
    """What Git finds by looking at everything is the truth."""
    seen = set()
    for step in STEPS:
        step(root)

        got = ask("status", "--porcelain=v2", f"--untracked-files={untracked}")

        truth = ask(*REFERENCE, "status", "--porcelain=v2", f"--untracked-files={untracked}")
        assert got == truth, step.__name__
        seen.add(got)
    assert len(seen) > len(STEPS) // 2, "the steps should show"
    assert status(root)["queries"] > len(STEPS), "fsmond should have been asked"
    assert status(root)["resyncs"] == []


def test_the_same_without_a_look_in_between(ask: Git, root: Path) -> None:
    """As a script does it that asks at its end only."""
    for step in STEPS:
        step(root)

    assert ask("status", "--porcelain") == ask(*REFERENCE, "status", "--porcelain")


def test_other_commands_see_the_changes_too(ask: Git, root: Path) -> None:
    """Whatever reads the index asks."""
    (root / "a" / "one").write_text("changed")
    assert ask("diff", "--name-only") == "a/one\n"
    (root / "a").rename(root / "moved")
    ask("add", "--all")
    ask("commit", "--quiet", "--message", "second")
    (root / "moved" / "b" / "one").write_text("changed")

    assert ask("status", "--porcelain") == " M moved/b/one\n"
    ask("checkout", "--quiet", "-f", "HEAD~")
    assert ask("status", "--porcelain") == ask(*REFERENCE, "status", "--porcelain") == ""


def test_answers_are_of_changes_only(ask: Git, root: Path) -> None:
    """An answer of everything is right as well, and proves nothing."""
    (root / "a" / "one").write_text("changed")
    trace = root.parent / "trace"
    os.environ["GIT_TRACE_FSMONITOR"] = str(trace)
    try:
        ask("status")
    finally:
        del os.environ["GIT_TRACE_FSMONITOR"]

    told = trace.read_text()
    assert "a/one" in told
    assert "trivial" not in told
