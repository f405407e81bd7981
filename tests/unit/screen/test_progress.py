"""The progress of a start, and whether it is shown."""

import os
import sys
from pathlib import Path

import pytest
from support.running import git, make_repository

from fsmond.git.worktree import Worktree
from fsmond.screen.progress import StartProgress, Step, at_terminal


def test_the_null_device_is_not_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows reports that it is; then `start` would wait for the whole tree in vain."""
    with open(os.devnull, "w") as null:
        monkeypatch.setattr(sys, "stderr", null)

        assert not at_terminal()


def status(state: str, directories: int, indexed: int = 0) -> dict[str, object]:
    """Return a status."""
    return {"state": state, "directories": directories, "indexed": indexed}


@pytest.fixture
def worktree(tmp_path: Path) -> Worktree:
    """Return a worktree with four directories in Git's index."""
    make_repository(tmp_path)
    for name in ("a/b/x", "a/b/y", "c/x", "top"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    git(tmp_path, "add", "--all")
    return Worktree(bytes(tmp_path), bytes(tmp_path / ".git"))


def test_the_number_in_gits_index_is_the_total_until_there_are_more(worktree: Worktree) -> None:
    """There may be any number of directories that Git does not track."""
    start = StartProgress(worktree)

    steps = [start.step(status("covering", done)) for done in (0, 3, 4, 400)]

    assert [(each.done, each.total) for each in steps] == [(0, 4), (3, 4), (4, 4), (400, None)]


def test_the_stored_history_knows_the_total_better(worktree: Worktree) -> None:
    """It has the directories that Git does not track; they are the index until it is compared."""
    start = StartProgress(worktree)

    steps = [start.step(status("covering", done, 300)) for done in (0, 299, 301)]

    assert [(each.done, each.total) for each in steps] == [(0, 300), (299, 300), (301, None)]


def test_a_directory_that_is_not_yet_listed_is_not_done(worktree: Worktree) -> None:
    """All may be found long before it is known that there are no more."""
    step = StartProgress(worktree).step({"state": "covering", "directories": 4, "listed": 2})

    assert (step.done, step.total) == (2, 4)


def test_without_an_index_of_gits_there_is_no_total(tmp_path: Path) -> None:
    """An invented total would not help."""
    for worktree in (None, Worktree(bytes(tmp_path), bytes(tmp_path / "none"))):
        assert StartProgress(worktree).step(status("covering", 7)).total is None


def test_the_index_has_as_many_directories_as_are_covered(worktree: Worktree) -> None:
    """Their number is known by then."""
    start = StartProgress(worktree)

    steps = [start.step(status("indexing", 400, indexed)) for indexed in (0, 200, 400)]

    assert [(each.shown_done, each.total) for each in steps] == [(0, 400), (200, 400), (396, 400)]
    assert len({each.title for each in steps}) == 1
    assert start.step(status("indexing", 0, 3)).total == 4  # if events cover nothing


@pytest.mark.parametrize("total", [1, 7, 400, 11_000, 1_000_000])
def test_a_running_step_is_never_shown_as_done(total: int) -> None:
    """Not even rounded."""
    for done in (total // 2, total - 1, total, total + 1):
        shown = Step("", done, total).shown_done
        assert round(shown / total * 100) < 100
