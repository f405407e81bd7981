"""What clients ask, and the answers, to the byte."""

import json
import os
from typing import Any

import pytest
from running import until
from unit.daemon.conftest import Make
from unit.daemon.fake_watcher import FakeWatcher

from fsmond import __version__
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from ipc.server import QUIT

PIECE = 4000  # paths


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return one that has started."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.keeper.built)
    return monitor


@pytest.fixture
def requests(monitor: Monitor) -> Requests:
    """Return what is tested."""
    return Requests(monitor, {"socket": "/socket", "last_error": lambda: "a fault"})


def pieces_of(requests: Requests, message: bytes) -> list[bytes]:
    """Return the pieces in which a request is answered, the returned one last."""
    pieces: list[bytes] = []
    last = requests(message, pieces.append)
    assert isinstance(last, bytes)
    return [*pieces, last]


def ask(requests: Requests, message: bytes) -> bytes:
    """Return the whole answer."""
    return b"".join(pieces_of(requests, message))


def ask_object(requests: Requests, **request: object) -> dict[str, Any]:
    """Return the object with which an object is answered."""
    answer = json.loads(ask(requests, json.dumps(request).encode()))
    assert isinstance(answer, dict)
    return answer


def now(monitor: Monitor) -> bytes:
    """Return the token of where the history stands."""
    return bytes(monitor.query(None).token)


def test_nothing_changed_is_a_token_and_its_nul(requests: Requests, monitor: Monitor) -> None:
    """Git takes an answer without the NUL for another thing."""
    token = now(monitor)

    assert ask(requests, token) == token + b"\0"


def test_what_changed_follows_the_new_token(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Newest first, each with its NUL, nothing quoted."""
    token = now(monitor)
    watcher.happen(b"a", b"d/")
    watcher.happen(b"new\nline \xff")

    reply = ask(requests, token)

    assert reply == now(monitor) + b"\0new\nline \xff\0d/\0a\0"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" ",
        b"\0",
        b"\0\0\0",
        b"1700000000000000000",
        b"builtin:fake",
        b"fsmond:starting:0",
        b"FLUSH",
        b"quit ",
        b"quit\0",
        b" {}",
        b"[1]",
        b"\xff\xfe",
        b"x" * (1 << 20),
        b"fsmond:0123456789abcdef:" + b"9" * 5000,
    ],
    ids=lambda message: repr(message)[:40],
)
def test_whatever_is_no_request_is_a_token_of_nowhere(
    requests: Requests, monitor: Monitor, message: bytes
) -> None:
    """Everything may have changed: that is right, whatever was meant."""
    reply = ask(requests, message)

    assert reply == now(monitor) + b"\0/\0"


def test_a_flush_is_answered_with_everything_and_a_token_to_go_on(
    requests: Requests, monitor: Monitor
) -> None:
    """As Git's own daemon does."""
    before = now(monitor)

    reply = ask(requests, b"flush")

    assert reply == now(monitor) + b"\0/\0"
    assert ask(requests, before) == now(monitor) + b"\0/\0"


def test_quit_stops_the_server_and_says_nothing(requests: Requests) -> None:
    """The answer is the end packet alone."""
    said: list[bytes] = []

    result = requests(b"quit", said.append)

    assert result is QUIT
    assert said == []


@pytest.mark.parametrize("count", [1, 3998, 3999, 4000, 4001, 7999, 8000, 8001, 12_345])
def test_many_paths_come_in_pieces_that_are_one_answer(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, count: int
) -> None:
    """No path is lost, split or told twice, wherever the cut falls."""
    token = now(monitor)
    paths = [b"directory/%d" % number for number in range(count)]
    watcher.happen(*paths)

    pieces = pieces_of(requests, token)

    assert b"".join(pieces) == b"\0".join([now(monitor), *reversed(paths)]) + b"\0"
    assert all(piece.endswith(b"\0") for piece in pieces)
    assert max(piece.count(b"\0") for piece in pieces) <= PIECE
    assert b"" not in pieces  # on the wire an empty piece would be an end


@pytest.mark.parametrize("message", [None, b"", b"flush", b"rubbish"])
def test_no_answer_holds_an_empty_path(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, message: bytes | None
) -> None:
    """Git aborts on one."""
    token = now(monitor)
    watcher.happen(*(b"%d" % number for number in range(999)))

    fields = ask(requests, token if message is None else message).split(b"\0")

    assert fields.pop() == b""  # behind the last NUL
    assert b"" not in fields


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
