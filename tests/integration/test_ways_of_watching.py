"""By events or by scanning: what people choose, and what they are told."""

import os
from pathlib import Path

import pytest
from running import fsmond, git, status, until

from fsmond.client import Client


def test_by_scanning_the_answers_are_the_same(repository: Path) -> None:
    """They only take longer."""
    assert fsmond("start", repository, "--watch=scan").returncode == 0
    token = Client(repository).query().token
    (repository / "dir" / "new").mkdir()
    (repository / "dir" / "new" / "file").touch()
    (repository / "top").write_text("changed")
    (repository / "dir" / "two").unlink()
    git(repository, "status")

    answer = Client(repository).query(token)

    assert set(answer.paths) == {b"dir/", b"dir/new/", b"dir/new/file", b"top", b"dir/two"}
    assert status(repository)["coverage"] == {"events": 0, "scan": 4, "none": 0}
    assert status(repository)["settings"]["watch"] == "scan"


def test_a_choice_that_comes_too_late_is_told(watched: Path) -> None:
    """Who runs already goes on as it is."""
    done = fsmond("start", watched, "--watch=scan", "--verify-every=5")

    assert done.returncode == 1
    assert "for --watch=scan --verify-every=5: fsmond stop" in done.stderr
    assert status(watched)["settings"] == {"watch": "auto", "verify_every": 0}


@pytest.mark.parametrize(
    "arguments", [["--watch=poll"], ["--watch"], ["--verify-every=often"], ["--verify-every"]]
)
def test_a_choice_that_there_is_not_is_bad_usage(repository: Path, arguments: list[str]) -> None:
    """As any."""
    assert fsmond("start", repository, *arguments).returncode == 2


def test_a_setting_that_makes_no_sense_is_told_by_start(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only in the log of a daemon that is not there."""
    monkeypatch.setenv("FSMOND_WATCH", "poll")

    done = fsmond("start", repository)

    assert done.returncode == 1
    assert "FSMOND_WATCH is 'poll'; it may be auto, events, scan" in done.stderr


def test_looking_at_files_reports_nothing(watched: Path) -> None:
    """Or a search would look like a change of all of it."""
    until(lambda: status(watched)["state"] == "ready")
    token = Client(watched).query().token

    git(watched, "status")
    git(watched, "grep", "one")
    os.system(f"grep -r one '{watched}' > /dev/null; find '{watched}' -type f > /dev/null")

    assert Client(watched).query(token).paths == []


@pytest.mark.parametrize("how", ["events", "scan"])
def test_a_file_changes_under_all_its_names(repository: Path, how: str) -> None:
    """An event tells one of them."""
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

    assert {*first.paths} - {b"dir/"} == {b"top", b"dir/top-too"}
    assert {*second.paths} >= {b"dir/one-too", b"dir/one"}
    assert {*third.paths} >= {b"dir/one-too", b"dir/one"}
    assert {*fourth.paths} >= {b"dir/one-too", b"dir/renamed", b"dir/one"}
