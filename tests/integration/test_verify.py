"""`fsmond verify`: compare what events reported with the tree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond, status, until

from fsmond.client import Client


def _need_events(root: Path) -> None:
    fields = status(root)
    if not fields["coverage"]["events"]:
        pytest.skip(f"the tree is scanned here: {fields['advice']}")


@pytest.fixture
def tree_with_missed_change(watched: Path) -> Path:
    """Change a file without an event: by a hard link outside of the tree."""
    until(lambda: status(watched)["state"] == "ready")
    _need_events(watched)
    outside = watched.parent / "outside"
    os.link(watched / "dir" / "one", outside)
    outside.write_text("changed by another name")
    return watched


def test_a_tree_as_the_events_reported_it_has_no_difference(watched: Path) -> None:
    """Also right after many changes."""
    for number in range(100):
        (watched / "dir" / str(number)).write_text("new")

    done = fsmond("verify", watched)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 directories compared in ")
    assert done.stdout.endswith(": no differences\n")


def test_each_difference_is_named(tree_with_missed_change: Path) -> None:
    """From then on it is in the answers, like any change."""
    token = Client(tree_with_missed_change).query().token

    done = fsmond("verify", tree_with_missed_change)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "changed  dir/one"
    assert done.stdout.endswith(": 1 difference\n")
    assert Client(tree_with_missed_change).query(token).paths == [b"dir/one"]
    assert fsmond("verify", tree_with_missed_change).returncode == 0


def test_with_json_the_result_is_one_object(tree_with_missed_change: Path) -> None:
    """The same that the Python client gets."""
    done = fsmond("verify", tree_with_missed_change, "--json")

    fields = json.loads(done.stdout)
    assert done.returncode == 1
    assert fields["differences"] == [{"path": "dir/one", "kind": "changed"}]
    assert fields["directories"] == 3
    assert Client(tree_with_missed_change).verify()["differences"] == []


@pytest.mark.parametrize("timeout", ["soon", -1, True, None, float("nan")])
def test_an_invalid_timeout_is_an_error(watched: Path, timeout: object) -> None:
    """The error says what is valid."""
    reply = Client(watched).ask(json.dumps({"command": "verify", "timeout": timeout}).encode())

    assert "'timeout' must be a number of seconds" in json.loads(reply)["error"]


def test_without_a_daemon_it_is_an_error(repository: Path) -> None:
    """There is nothing to compare the tree with."""
    done = fsmond("verify", repository)

    assert done.returncode == 1
    assert "no daemon is watching" in done.stderr


def test_verify_every_compares_after_so_many_queries(repository: Path) -> None:
    """Differences are logged."""
    assert fsmond("start", repository, "--verify-every=3").returncode == 0
    until(lambda: status(repository)["state"] == "ready")
    _need_events(repository)
    outside = repository.parent / "outside"
    os.link(repository / "top", outside)
    outside.write_text("changed by another name")

    for _ in range(3):
        fsmond("query", repository)

    until(lambda: status(repository)["last_error"] is not None)
    assert "no event reported 1 changes: changed 'top'" in str(status(repository)["last_error"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix terminal")
@pytest.mark.parametrize("command", ["start", "verify"])
def test_a_terminal_causes_no_error(watched: Path, command: str) -> None:
    """A slow command shows a progress bar there; these are fast."""
    ours, theirs = getattr(os, "openpty")()  # noqa: B009 - Unix only
    try:
        done = subprocess.run(
            [*FSMOND, command, str(watched)],
            stderr=theirs,
            stdout=theirs,
            timeout=LONG,
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(ours)

    assert done.returncode == 0
