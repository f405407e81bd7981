"""Whether somebody looks at how far something has come."""

import os
import sys
from pathlib import Path

import pytest
from running import git, make_repository

from fsmond.cli.progress import Start, Step, at_terminal
from fsmond.git.worktree import Worktree


def test_nobody_looks_at_what_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it a terminal; then `start` would wait for the whole tree, for nobody."""
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)

        assert not at_terminal()


def told(state: str, directories: int, indexed: int = 0) -> dict[str, object]:
    """Return a status."""
    return {"state": state, "directories": directories, "indexed": indexed}


@pytest.fixture
def worktree(tmp_path: Path) -> Worktree:
    """Return one with four directories that Git knows."""
    make_repository(tmp_path)
    for name in ("a/b/x", "a/b/y", "c/x", "top"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    git(tmp_path, "add", "--all")
    return Worktree(bytes(tmp_path), bytes(tmp_path / ".git"))


def test_what_git_knows_is_the_total_until_there_is_more(worktree: Worktree) -> None:
    """There may be any number of directories that Git does not track."""
    start = Start(worktree)

    steps = [start.step(told("covering", done)) for done in (0, 3, 4, 400)]

    assert [(each.done, each.total) for each in steps] == [(0, 4), (3, 4), (4, 4), (400, None)]


def test_what_is_found_and_not_yet_listed_is_not_done(worktree: Worktree) -> None:
    """All may be found long before it is known that this was all."""
    step = Start(worktree).step({"state": "covering", "directories": 4, "listed": 2})

    assert (step.done, step.total) == (2, 4)


def test_where_git_knows_nothing_there_is_no_total(tmp_path: Path) -> None:
    """A made up one would be no better than none."""
    for worktree in (None, Worktree(bytes(tmp_path), bytes(tmp_path / "none"))):
        assert Start(worktree).step(told("covering", 7)).total is None


def test_the_index_is_made_of_as_many_as_are_covered(worktree: Worktree) -> None:
    """That is known, and moves on."""
    start = Start(worktree)

    steps = [start.step(told("indexing", 400, indexed)) for indexed in (0, 200, 400)]

    assert [(each.shown_done, each.total) for each in steps] == [(0, 400), (200, 400), (396, 400)]
    assert len({each.title for each in steps}) == 1
    assert start.step(told("indexing", 0, 3)).total == 4  # where nothing is covered by events


@pytest.mark.parametrize("total", [1, 7, 400, 11_000, 1_000_000])
def test_what_goes_on_is_never_shown_as_done(total: int) -> None:
    """Not even rounded."""
    for done in (total // 2, total - 1, total, total + 1):
        shown = Step("", done, total).shown_done
        assert round(shown / total * 100) < 100
