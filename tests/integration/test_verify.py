"""`fsmond verify`: what events told, held against the tree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import FSMOND, LONG, fsmond, status, until

from fsmond.client import Client


def _need_events(root: Path) -> None:
    told = status(root)
    if not told["coverage"]["events"]:
        pytest.skip(f"nothing can be missed here: {told['advice']}")


@pytest.fixture
def misled(watched: Path) -> Path:
    """Have a file changed in a way that causes no event: by a name outside of the tree."""
    until(lambda: status(watched)["state"] == "ready")
    _need_events(watched)
    outside = watched.parent / "outside"
    os.link(watched / "dir" / "one", outside)
    outside.write_text("changed by another name")
    return watched


def test_a_tree_as_the_events_told_has_no_difference(watched: Path) -> None:
    """Also right after many changes."""
    for number in range(100):
        (watched / "dir" / str(number)).write_text("new")

    done = fsmond("verify", watched)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 directories compared in ")
    assert done.stdout.endswith(": no differences\n")


def test_each_difference_is_named(misled: Path) -> None:
    """And from then on it is in the answers, as any change."""
    token = Client(misled).query().token

    done = fsmond("verify", misled)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "changed  dir/one"
    assert done.stdout.endswith(": 1 difference\n")
    assert Client(misled).query(token).paths == [b"dir/one"]
    assert fsmond("verify", misled).returncode == 0


def test_programs_are_told_in_one_object(misled: Path) -> None:
    """The same as a client that asks by itself."""
    done = fsmond("verify", misled, "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["differences"] == [{"path": "dir/one", "kind": "changed"}]
    assert told["directories"] == 3
    assert Client(misled).verify()["differences"] == []


@pytest.mark.parametrize("timeout", ["soon", -1, True, None, float("nan")])
def test_a_timeout_that_is_none_is_an_error(watched: Path, timeout: object) -> None:
    """It says what it should be."""
    reply = Client(watched).ask(json.dumps({"command": "verify", "timeout": timeout}).encode())

    assert "'timeout' is a number of seconds" in json.loads(reply)["error"]


def test_nothing_to_verify_is_an_error(repository: Path) -> None:
    """Without a daemon nobody told anything."""
    done = fsmond("verify", repository)

    assert done.returncode == 1
    assert "nobody watches" in done.stderr


def test_every_so_many_queries_it_is_done_by_itself(repository: Path) -> None:
    """And what is found is in the log."""
    assert fsmond("start", repository, "--verify-every=3").returncode == 0
    until(lambda: status(repository)["state"] == "ready")
    _need_events(repository)
    outside = repository.parent / "outside"
    os.link(repository / "top", outside)
    outside.write_text("changed by another name")

    for _ in range(3):
        fsmond("query", repository)

    until(lambda: status(repository)["last_error"] is not None)
    assert "no event told of 1 changes: changed 'top'" in str(status(repository)["last_error"])


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
@pytest.mark.parametrize("command", ["start", "verify"])
def test_a_terminal_harms_nobody(watched: Path, command: str) -> None:
    """There is a bar when it takes long; here it does not."""
    ours, theirs = getattr(os, "openpty")()  # noqa: B009 - of Unix
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
