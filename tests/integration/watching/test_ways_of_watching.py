"""Events or scanning: the choice, and its messages."""

import os
import sys
from pathlib import Path

import pytest
from support.running import fsmond, git, status, until

from fsmond.client import Client
from fsmond.index.fine_times import fine_device


def test_scanning_gives_the_same_answers(repository: Path) -> None:
    """It only takes longer."""
    assert fsmond("start", repository, "--watch=scan").returncode == 0
    token = Client(repository).query().token
    (repository / "dir" / "new").mkdir()
    (repository / "dir" / "new" / "file").touch()
    (repository / "top").write_text("changed")
    (repository / "dir" / "two").unlink()
    git(repository, "status")

    answer = Client(repository).query(token)

    assert set(answer.paths or ()) == {b"dir/", b"dir/new/", b"dir/new/file", b"top", b"dir/two"}
    assert status(repository)["coverage"] == {"events": 0, "scan": 4, "none": 0}
    assert status(repository)["settings"]["watch"] == "scan"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such times")
def test_scanning_reports_each_change_once_where_times_are_fine(repository: Path) -> None:
    """Also one that was made right before the query."""
    root = os.fsencode(repository)
    if fine_device(root, [root + b"/.git"]) is None:
        pytest.skip("needs Linux 6.13, and a file system with multigrain timestamps")
    assert fsmond("start", repository, "--watch=scan").returncode == 0
    client = Client(repository)
    until(lambda: client.query(client.query().token).paths == [])
    answer = client.query()

    for number in range(20):
        (repository / "top").write_text(str(number))
        answer = client.query(answer.token)
        assert answer.paths == [b"top"]
        answer = client.query(answer.token)
        assert answer.paths == []


def test_a_choice_for_a_running_daemon_is_an_error(watched: Path) -> None:
    """The daemon continues unchanged."""
    done = fsmond("start", watched, "--watch=scan", "--verify-every=5")

    assert done.returncode == 1
    assert "fsmond stop, then fsmond start --watch=scan --verify-every=5" in done.stderr
    settings = status(watched)["settings"]
    assert (settings["watch"], settings["verify_every"], settings["history"]) == ("auto", 0, "on")


@pytest.mark.parametrize(
    "arguments", [["--watch=poll"], ["--watch"], ["--verify-every=often"], ["--verify-every"]]
)
def test_an_unknown_choice_is_a_usage_error(repository: Path, arguments: list[str]) -> None:
    """Like other invalid arguments."""
    assert fsmond("start", repository, *arguments).returncode == 2


def test_start_reports_an_invalid_setting(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the log of a daemon that did not start."""
    monkeypatch.setenv("FSMOND_WATCH", "poll")

    done = fsmond("start", repository)

    assert done.returncode == 1
    assert "FSMOND_WATCH is 'poll'; it must be one of auto, events, fanotify, scan" in done.stderr


def test_reading_files_reports_nothing(watched: Path) -> None:
    """A search must not look like a change of every file."""
    until(lambda: status(watched)["state"] == "ready")
    token = Client(watched).query().token

    git(watched, "status")
    git(watched, "grep", "one")
    os.system(f"grep -r one '{watched}' > /dev/null; find '{watched}' -type f > /dev/null")

    assert Client(watched).query(token).paths == []


@pytest.mark.parametrize("how", ["events", "scan"])
def test_a_change_is_reported_under_all_names(repository: Path, how: str) -> None:
    """An event has one of them."""
    os.link(repository / "top", repository / "dir" / "top-too")
    assert fsmond("start", repository, f"--watch={how}").returncode == 0
    until(lambda: status(repository)["state"] == "ready")
    client = Client(repository)
    token = client.query().token

    (repository / "dir" / "top-too").write_text("changed")
    first = client.query(token)
    os.link(repository / "dir" / "one", repository / "dir" / "one-too")
    second = client.query(first.token)
    (repository / "dir" / "one-too").write_text("changed")
    third = client.query(second.token)
    (repository / "dir" / "one-too").rename(repository / "dir" / "renamed")
    (repository / "dir" / "renamed").write_text("once more")
    fourth = client.query(third.token)

    assert {*(first.paths or ())} - {b"dir/"} == {b"top", b"dir/top-too"}
    assert {*(second.paths or ())} >= {b"dir/one-too", b"dir/one"}
    assert {*(third.paths or ())} >= {b"dir/one-too", b"dir/one"}
    assert {*(fourth.paths or ())} >= {b"dir/one-too", b"dir/renamed", b"dir/one"}
