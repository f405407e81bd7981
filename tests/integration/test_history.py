"""Tokens outlive the daemon, as the person who stops, kills, moves or copies sees it."""

import json
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from support.running import REFERENCE, fsmond, git, has_git, no_daemon_left, status, until
from support.systems import needs_modes, unix_only
from support.work.ways_of_asking import configure

from fsmond.client import Client
from fsmond.process.alive import is_running
from fsmond.protocol import Answer
from fsmond.storage.file import HistoryFile

needs_git = pytest.mark.skipif(not has_git(), reason="needs git")


def history(root: Path) -> Any:
    """Return what the daemon says of its history."""
    return status(root)["history"]


def ask(root: Path, token: str | None = None) -> Answer:
    """Query a daemon that runs."""
    return Client(root, start=False).query(token)


def start(root: Path, *options: str) -> None:
    """Start a daemon; wait until it has an index."""
    done = fsmond("start", *options, root)
    assert done.returncode == 0, done.stderr
    until(lambda: status(root)["state"] == "ready")


def stop(root: Path) -> None:
    """Stop the daemon."""
    assert fsmond("stop", root).returncode == 0


def kill(root: Path) -> None:
    """End the daemon as a crash does."""
    pid = status(root)["pid"]
    os.kill(pid, 9)
    until(lambda: not is_running(pid))


def until_stored(root: Path) -> None:
    """Make a change; wait until it is stored, and so are all tokens from before."""
    ask(root)
    before = time.monotonic()
    (root / "stored").write_text(str(before))

    def is_stored() -> bool:
        ask(root)  # where the tree is scanned, only a query finds the change
        asked = time.monotonic()
        age = history(root)["age_seconds"]
        return age is not None and age < asked - before

    until(is_stored)


def test_a_token_outlives_a_stop(repository: Path) -> None:
    """The answer has what changed, and nothing else."""
    start(repository)
    token = ask(repository).token
    stop(repository)
    (repository / "dir" / "one").write_text("changed")
    (repository / "dir" / "new").touch()
    start(repository)

    answer = ask(repository, token)

    assert set(answer.paths or ()) == {b"dir/one", b"dir/new"}
    assert not answer.everything
    assert history(repository)["loaded"]


def test_a_client_that_starts_the_daemon_gets_an_exact_answer(repository: Path) -> None:
    """Its first query waits until the history is loaded."""
    start(repository)
    token = ask(repository).token
    stop(repository)
    (repository / "dir" / "new").touch()

    answer = Client(repository).query(token)

    assert (answer.paths, answer.reason) == ([b"dir/new"], None)


@unix_only
def test_a_stored_token_outlives_a_kill(repository: Path) -> None:
    """The history is stored within a second."""
    start(repository)
    token = ask(repository).token
    (repository / "dir" / "before").touch()
    until_stored(repository)
    kill(repository)
    (repository / "dir" / "after").touch()
    start(repository)

    answer = ask(repository, token)

    assert set(answer.paths or ()) == {b"dir/before", b"dir/after", b"stored"}


@unix_only
def test_a_token_outlives_a_second_kill(repository: Path) -> None:
    """Each daemon adds to what the one before has stored."""
    start(repository)
    tokens = [ask(repository).token]
    for number in range(2):
        (repository / f"{number}").touch()
        tokens.append(ask(repository, tokens[-1]).token)
        until_stored(repository)
        kill(repository)
        start(repository)

    answers = [set(ask(repository, token).paths or ()) for token in tokens]

    assert answers[0] == {b"0", b"1", b"stored"}
    assert b"1" in answers[1]
    assert all(answers)


def test_the_status_says_what_is_stored(repository: Path) -> None:
    """For programs."""
    start(repository)
    until_stored(repository)

    found = json.loads(fsmond("status", "--json", repository).stdout)["history"]

    path = repository / ".git" / "fsmond" / "history"
    assert found.keys() == {"stored", "path", "bytes", "age_seconds", "loaded", "reason"}
    assert (found["stored"], found["loaded"], found["reason"]) == (True, False, None)
    assert Path(found["path"]).samefile(path)
    until(lambda: status(repository)["history"]["bytes"] == path.stat().st_size > 0)
    assert 0 <= found["age_seconds"] < 60


def test_the_status_says_whether_it_continues_an_earlier_daemon(repository: Path) -> None:
    """For people, in one line."""
    start(repository)
    until_stored(repository)
    new = fsmond("status", repository).stdout
    stop(repository)
    start(repository)
    continued = fsmond("status", repository).stdout

    assert "\nhistory      new; " in new
    assert "\nhistory      continued from an earlier daemon; " in continued
    assert str(Path(".git", "fsmond", "history")) in continued


@needs_modes
def test_only_the_owner_can_read_it(repository: Path) -> None:
    """Also if all may read the repository."""
    start(repository)
    until_stored(repository)
    folder = repository / ".git" / "fsmond"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("how", ["option", "variable"])
def test_nothing_is_stored_if_that_is_not_wanted(
    repository: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """By an option, or by a variable for daemons that Git starts."""
    if how == "variable":
        monkeypatch.setenv("FSMOND_HISTORY", "off")
    start(repository, *(["--no-history"] if how == "option" else []))
    text = fsmond("status", repository).stdout
    found = history(repository)
    stop(repository)

    assert not (repository / ".git" / "fsmond").exists()
    assert found == {
        "stored": False,
        "path": None,
        "bytes": 0,
        "age_seconds": None,
        "loaded": False,
        "reason": "FSMOND_HISTORY is off",
    }
    assert "\nhistory      not stored: FSMOND_HISTORY is off\n" in text


def test_a_daemon_without_history_does_no_harm_to_a_stored_one(repository: Path) -> None:
    """What changed meanwhile is found by comparing; its own tokens end with it."""
    start(repository)
    token = ask(repository).token
    stop(repository)
    start(repository, "--no-history")
    assert ask(repository, token).reason == "restart"
    (repository / "dir" / "new").touch()
    other = ask(repository).token
    stop(repository)
    start(repository)

    assert ask(repository, token).paths == [b"dir/new"]
    assert ask(repository, other).reason == "restart"


def test_an_invalid_setting_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To guess could store what must not be stored."""
    monkeypatch.setenv("FSMOND_HISTORY", "false")

    done = fsmond("start", repository)

    assert done.returncode == 1
    assert done.stderr == "fsmond: FSMOND_HISTORY is 'false'; it must be on or off\n"
    assert not (repository / ".git" / "fsmond").exists()


@unix_only
def test_the_history_of_other_directories_is_in_the_users_folder(tmp_path: Path) -> None:
    """A directory without Git stays as it is."""
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    with no_daemon_left(tree):
        start(tree)
        token = ask(tree).token
        path = Path(history(tree)["path"])
        stop(tree)
        (tree / "sub" / "new").touch()
        start(tree)
        answer = ask(tree, token)

    assert b"sub/new" in (answer.paths or ())
    assert path.parent.parent == Path(os.environ["XDG_STATE_HOME"], "fsmond", "history")
    assert list(tree.iterdir()) == [tree / "sub"]


@unix_only
def test_a_repository_that_moved_begins_anew(repository: Path, tmp_path: Path) -> None:
    """Its clients know it by its path."""
    moved = tmp_path / "moved"
    start(repository)
    token = ask(repository).token
    stop(repository)
    repository.rename(moved)
    with no_daemon_left(moved):
        start(moved)
        answer = ask(moved, token)
        found = history(moved)

    assert (answer.everything, answer.reason) == (True, "restart")
    assert found["reason"] == "it is of another tree: its path differs"
    assert not found["loaded"]


@unix_only
def test_a_copy_of_a_repository_begins_anew(repository: Path, tmp_path: Path) -> None:
    """With its history, the copy has one of another tree; the original keeps its own."""
    copy = tmp_path / "copy"
    start(repository)
    token = ask(repository).token
    stop(repository)
    shutil.copytree(repository, copy, symlinks=True)  # copies times and modes, as `cp -a`
    (copy / "dir" / "new").touch()
    with no_daemon_left(copy):
        start(copy)
        answer = ask(copy, token)
        found = history(copy)
        log = Path(str(status(copy)["log"])).read_text(encoding="utf-8")
    start(repository)

    assert (answer.everything, answer.reason) == (True, "restart")
    assert found["reason"] == "it is of another tree: its path differs"
    assert "the stored history is not used: it is of another tree: its path differs" in log
    assert ask(repository, token).paths == []


@unix_only
def test_a_copy_in_the_place_of_the_repository_begins_anew(
    repository: Path, tmp_path: Path
) -> None:
    """As after a restore from a backup: the files have other inodes."""
    start(repository)
    token = ask(repository).token
    stop(repository)
    shutil.copytree(repository, tmp_path / "copy", symlinks=True)
    repository.rename(tmp_path / "original")
    (tmp_path / "copy").rename(repository)
    start(repository)

    assert ask(repository, token).reason == "restart"
    assert history(repository)["reason"] == "it is of another tree: its inode differs"


@unix_only
@needs_git
def test_a_linked_worktree_that_git_moves_begins_anew(repository: Path, tmp_path: Path) -> None:
    """Its history is in its own git directory, which stays where it is."""
    linked, moved = tmp_path / "linked", tmp_path / "moved"
    git(repository, "worktree", "add", "--quiet", str(linked))
    with no_daemon_left(linked):
        start(linked)
        token = ask(linked).token
        path = history(linked)["path"]
        stop(linked)
    git(repository, "worktree", "move", str(linked), str(moved))
    with no_daemon_left(moved):
        start(moved)
        answer = ask(moved, token)
        found = history(moved)

    assert Path(path).is_relative_to(repository / ".git" / "worktrees")
    assert (answer.everything, answer.reason) == (True, "restart")
    assert found["reason"] == "it is of another tree: its path differs"
    assert found["path"] in (path, None)


@needs_git
@pytest.mark.parametrize("runs", [False, True])
def test_uninstall_removes_it(repository: Path, *, runs: bool) -> None:
    """Whether or not a daemon runs."""
    fsmond("install", "--hook", repository)
    start(repository)
    until_stored(repository)
    if not runs:
        stop(repository)
    assert (repository / ".git" / "fsmond" / "history").exists()

    assert fsmond("uninstall", repository).returncode == 0

    assert not (repository / ".git" / "fsmond").exists()


def test_a_folder_that_another_process_uses_is_left_to_it(repository: Path) -> None:
    """As in two containers; the daemon watches the tree all the same, and says why."""
    folder = repository / ".git" / "fsmond"
    file = HistoryFile(str(folder), {})
    file.open()
    try:
        start(repository)
        token = ask(repository).token
        (repository / "dir" / "new").touch()
        assert b"dir/new" in (ask(repository, token).paths or ())
        found = history(repository)
        stop(repository)
        assert os.listdir(folder) == ["lock"]
    finally:
        file.close()

    assert (found["stored"], found["path"]) == (False, None)
    assert found["reason"] == f"another process uses {folder}"


@needs_git
@pytest.mark.parametrize("cache", ["false", "true"])
def test_the_first_status_of_git_is_right_and_quick(repository: Path, cache: str) -> None:
    """With what changed while no daemon ran; Git looks at that alone."""
    start(repository)
    git(repository, "config", "core.untrackedCache", cache)
    configure("system-hook-2", repository, "git")
    for _ in range(2):
        assert git(repository, "status", "--porcelain") == ""
    stop(repository)
    (repository / "dir" / "one").write_text("changed")
    (repository / "dir" / "new").touch()
    (repository / "dir" / "deep" / "three").rename(repository / "moved")
    (repository / "brief").touch()
    (repository / "brief").unlink()
    start(repository)

    first = git(repository, "status", "--porcelain", "--untracked-files=all")

    assert first == git(repository, *REFERENCE, "status", "--porcelain", "--untracked-files=all")
    assert first.splitlines() == [
        *(" D dir/deep/three", " M dir/one", "?? dir/new", "?? moved"),
    ]
    assert status(repository)["queries"] > 0
    assert status(repository)["everything"] == {}
