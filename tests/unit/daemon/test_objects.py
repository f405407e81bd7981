"""What clients ask by objects, and the objects that answer."""

import os

import pytest
from unit.daemon.asking import ask_object, now
from unit.daemon.fake_watcher import FakeWatcher

from fsmond import __version__
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests


def test_the_object_says_what_the_wire_says(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """The same answer, for programs that would rather have names."""
    token = now(monitor)
    watcher.happen(b"caf\xe9", b"\xc3\xa9/")

    answer = ask_object(requests, command="query", since=token.decode())

    assert answer == {
        "token": now(monitor).decode(),
        "everything": False,
        "reason": None,
        "paths": ["\u00e9/", "caf\udce9"],
    }


@pytest.mark.parametrize(
    ("request_of", "reason"),
    [
        ({}, "no-token"),
        ({"since": None}, "no-token"),
        ({"since": ""}, "unknown-token"),
        ({"since": "rubbish"}, "unknown-token"),
        ({"since": "\0"}, "unknown-token"),
        ({"since": "\ud800"}, "unknown-token"),
        ({"since": "fsmond:\u0660:1"}, "unknown-token"),
        ({"since": "fsmond:0123456789abcdef:1"}, "restart"),
    ],
    ids=str,
)
def test_an_object_says_why_everything_may_have_changed(
    requests: Requests, request_of: dict[str, object], reason: str
) -> None:
    """The wire has no room for it."""
    answer = ask_object(requests, command="query", **request_of)

    assert (answer["everything"], answer["reason"], answer["paths"]) == (True, reason, [])


def test_a_flush_may_be_an_object(requests: Requests) -> None:
    """All that can be asked can be asked so."""
    assert ask_object(requests, command="flush")["reason"] == "flush"


def test_the_commands_can_be_asked_for(requests: Requests) -> None:
    """A newer client learns what an older daemon can do."""
    answer = ask_object(requests, command="version")

    assert answer["version"] == __version__
    assert {"query", "status", "flush", "version"} <= set(answer["commands"])


def test_status_tells_what_was_promised(requests: Requests, monitor: Monitor) -> None:
    """People's monitoring reads these names."""
    monitor.query(None)

    answer = ask_object(requests, command="status")

    assert answer["root"] == os.fsdecode(monitor.root)
    assert answer["session"] == monitor.session
    assert answer["directories"] == 3
    assert answer["coverage"]["events"] == 3
    assert answer["coverage"]["scan"] == 0
    assert (answer["events"], answer["queries"], answer["resyncs"]) == (5, 1, [])
    assert {"pid", "version", "uptime_seconds"} <= answer.keys()
    assert (answer["state"], answer["advice"]) == ("ready", "sudo make it better")
    assert (answer["socket"], answer["last_error"]) == ("/socket", "a fault")


def test_status_tells_each_loss_with_its_reason(requests: Requests, watcher: FakeWatcher) -> None:
    """It is where people look when Git was slow."""
    watcher.lose("the queue was full")

    (loss,) = ask_object(requests, command="status")["resyncs"]

    assert (loss["reason"], loss["detail"]) == ("overflow", "the queue was full")
