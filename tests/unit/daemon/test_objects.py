"""JSON requests, and their JSON answers."""

import os

import pytest
from support.fake_watcher import FakeWatcher
from unit.daemon.asking import ask_object, now

from fsmond import __version__
from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor


def test_a_json_answer_has_the_content_of_the_wire_form(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """The same answer, with named fields."""
    token = now(monitor)
    watcher.queue_change(b"caf\xe9", b"\xc3\xa9/")

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
def test_a_json_answer_says_why_everything_may_have_changed(
    requests: Requests, request_of: dict[str, object], reason: str
) -> None:
    """Git's own form has no field for the reason."""
    answer = ask_object(requests, command="query", **request_of)

    assert (answer["everything"], answer["reason"], answer["paths"]) == (True, reason, [])


def test_a_flush_can_be_a_json_request(requests: Requests) -> None:
    """All commands exist in JSON."""
    assert ask_object(requests, command="flush")["reason"] == "flush"


def test_version_lists_the_commands(requests: Requests) -> None:
    """A newer client finds out what an older daemon supports."""
    answer = ask_object(requests, command="version")

    assert answer["version"] == __version__
    assert {"query", "status", "flush", "version"} <= set(answer["commands"])


def test_status_has_the_documented_fields(requests: Requests, monitor: Monitor) -> None:
    """Monitoring tools read these names."""
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


def test_status_lists_each_loss_of_events_with_its_reason(
    requests: Requests, watcher: FakeWatcher
) -> None:
    """People look there when Git was slow."""
    watcher.lose_events("the queue was full")

    (loss,) = ask_object(requests, command="status")["resyncs"]

    assert (loss["reason"], loss["detail"]) == ("overflow", "the queue was full")
