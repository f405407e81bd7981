"""The same where no events are used, and the tree is compared: on any system."""

import json
import os
import threading
from pathlib import Path

import pytest
from support.running import LONG, fsmond, status, until

import ipc
from fsmond.client import Client
from fsmond.errors import AnswerError, DaemonEndedError


@pytest.fixture
def compared(repository: Path) -> Path:
    """Start a daemon that uses no events."""
    done = fsmond("start", repository, "--watch=scan")
    assert done.returncode == 0, done.stderr
    until(lambda: status(repository)["state"] == "ready")
    return repository


def test_kinds_are_told_apart(compared: Path) -> None:
    """By what was there before."""
    client = Client(compared)
    token = client.query(kinds=True).token
    (compared / "dir" / "new").touch()
    (compared / "dir" / "one").write_text("other content")
    (compared / "dir" / "two").unlink()

    answer = client.query(token, kinds=True)

    found = {each.path: each.kind for each in answer.changes or ()}
    found.pop(b"dir/", None)  # names came and went
    assert found == {b"dir/new": "created", b"dir/one": "modified", b"dir/two": "deleted"}


def test_filters_and_cursors_work(compared: Path) -> None:
    """As with events."""
    client = Client(compared)
    (compared / "dir" / ".gitignore").write_text("*.log\n")
    client.query(cursor="a")
    for name in ("a.log", "b.o", "c.c"):
        (compared / "dir" / name).touch()

    answer = client.query(cursor="a", exclude=["*.o", "dir/.gitignore"], gitignore=True)

    assert set(answer.paths or ()) - {b"dir/"} == {b"dir/c.c"}
    assert client.query(cursor="a", include=["/nothing"]).is_empty
    with pytest.raises(AnswerError, match="not a pattern"):
        client.query(include=["["])


def test_who_waits_is_told(compared: Path) -> None:
    """By a comparison now and then; then nothing, once the times tell all changes apart."""
    client = Client(compared)
    token = client.query().token
    timer = threading.Timer(0.2, (compared / "dir" / "new").touch)
    timer.start()

    answer = client.wait(token, timeout=LONG, settle=0)
    timer.join()

    assert b"dir/new" in (answer.paths or ())

    def is_quiet() -> bool:
        nonlocal answer
        answer = client.wait(answer.token, timeout=0.2)
        return answer.is_empty

    until(is_quiet)


def test_a_subscription_tells_batch_after_batch(compared: Path) -> None:
    """Each with a token that goes on from there."""
    client = Client(compared)
    token = client.query().token
    (compared / "dir" / "first").touch()
    answers = client.subscribe(token, settle=0)
    first = next(answers)
    (compared / "dir" / "second").touch()
    # What was compared within a tick of the clock is told once more, and may come before.
    found = any(b"dir/second" in (answer.paths or ()) for answer in answers)
    answers.close()

    assert b"dir/first" in (first.paths or ())
    assert found
    until(lambda: status(compared)["waiting"] == 0)


def test_the_end_of_the_daemon_is_told(compared: Path) -> None:
    """Also there."""
    found: list[Exception] = []

    def wait() -> None:
        try:
            Client(compared).wait()
        except DaemonEndedError as error:
            found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: status(compared)["waiting"] == 1)
    fsmond("stop", compared)
    thread.join(LONG)

    assert "asked to quit" in str(found[0])


def test_the_commands_work(compared: Path) -> None:
    """With their exit statuses."""
    token = fsmond("query", compared).stdout.split()[0]
    (compared / "dir" / "new").touch()

    done = fsmond("wait", compared, "--since", token, "--json", "--kinds")
    late = fsmond("wait", compared, "--timeout", "0.1")
    listed = fsmond("cursor", "list", compared)

    changes = json.loads(done.stdout)["changes"]
    assert {"path": "dir/new", "kind": "created", "type": "file"} in changes
    assert late.returncode == 4
    assert (listed.returncode, listed.stdout) == (0, "")


def test_bad_requests_are_errors(compared: Path) -> None:
    """At once, and not after a wait."""
    path = os.fsencode(Client(compared).place.socket)
    for request in ({"timeout": -1}, {"settle": "x"}, {"include": [""]}, {"cursor": ""}):
        message = json.dumps({"command": "wait", **request}).encode()
        assert "error" in json.loads(ipc.send_command(path, message))
