"""Who asks: which tree is meant, and from which mount namespace."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from running import until
from unit.daemon.asking import ask, ask_object, now
from unit.daemon.conftest import Make
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.askers import Askers
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.daemon.timestamps import Timestamps
from fsmond.protocol import query_for, reason_in, tree_fields
from ipc.server import Peer

TREE = "1:2,1:3"


class FakeViews:
    """Knows what it is told of those who ask."""

    namespace: int | None = 7

    def __init__(self) -> None:
        self.asker: int | None = 7

    def namespace_of(self, _: object) -> int | None:
        return self.asker


class Reply(list[bytes]):
    """What a server hands to its application."""

    peer = Peer(0, 0, 1)

    def process(self) -> None:
        """Return that there is no descriptor."""

    def __call__(self, piece: bytes) -> None:
        self.append(piece)


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return one that has started."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.keeper.built)
    return monitor


@pytest.fixture
def views() -> FakeViews:
    """Return what tells views apart."""
    return FakeViews()


@pytest.fixture
def requests(monitor: Monitor, views: FakeViews) -> Requests:
    """Return an application that asks who asks."""
    return Requests(monitor, {}, askers=Askers(monitor.root, TREE, views))


def answer(requests: Requests, message: bytes) -> bytes:
    """Return the whole answer to somebody."""
    reply = Reply()
    last = requests(message, reply)
    assert isinstance(last, bytes)
    return b"".join([*reply, last])


def asking(monitor: Monitor, since: str | None, **changed: str) -> bytes:
    """Return what a client of fsmond's own sends, with some of it changed."""
    message = query_for(since, tree_fields(monitor.root, TREE))
    return json.dumps({**json.loads(message), **changed}).encode() if changed else message


def test_who_means_this_tree_is_answered_exactly(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Each time: what is remembered of the last request is of use to no other."""
    token = now(monitor).decode()
    for number in range(3):
        watcher.happen(b"%d" % number)

        reply = answer(requests, asking(monitor, token))

        assert reply == now(monitor) + b"\0%d\0" % number
        token = now(monitor).decode()


@pytest.mark.parametrize("changed", [{"tree_id": "1:2,1:4"}, {"tree_id": ""}, {"tree_id": "x"}])
def test_who_means_another_tree_is_told_everything_under_a_token_that_is_good_nowhere(
    requests: Requests, monitor: Monitor, changed: dict[str, str]
) -> None:
    """Git would keep it, and ask for this tree with it."""
    token = now(monitor).decode()
    answer(requests, asking(monitor, token))

    reply = answer(requests, asking(monitor, token, **changed))
    other = reply.partition(b"\0")[0]

    assert reply == other + b"\0/\0other-root\0"
    assert other.startswith(b"fsmond:" + monitor.session.encode())
    for own in (other, asking(monitor, other.decode())):
        assert answer(requests, own)[: len(token)] == now(monitor)
    assert reason_in(answer(requests, asking(monitor, other.decode()))) == "other-root"
    assert answer(requests, other) == now(monitor) + b"\0/\0"


def test_a_root_without_more_is_compared_by_its_path(monitor: Monitor) -> None:
    """Who writes a client by hand need not know about inodes."""
    token = now(monitor).decode()

    here = ask_object(requests_alone(monitor), command="query", since=token, root=root(monitor))
    there = ask_object(requests_alone(monitor), command="query", since=token, root="/elsewhere")

    assert (here["everything"], here["token"]) == (False, token)
    assert (there["everything"], there["reason"]) == (True, "other-root")


def root(monitor: Monitor) -> str:
    """Return its root as JSON has it."""
    return os.fsdecode(monitor.root)


def requests_alone(monitor: Monitor) -> Requests:
    """Return an application that knows no views."""
    return Requests(monitor, {}, askers=Askers(monitor.root, TREE))


@pytest.mark.parametrize(
    "odd",
    [
        {"root": 7},
        {"root": ["x"]},
        {"tree_id": {}},
        {"form": "xml"},
        {"form": None},
        {"since": 7},
    ],
)
def test_a_request_that_makes_no_sense_is_an_error(monitor: Monitor, odd: dict[str, Any]) -> None:
    """It says what was expected."""
    told = ask_object(requests_alone(monitor), command="query", **odd)

    assert next(iter(odd)) in told["error"]


@pytest.mark.parametrize("asker", [8, None])
@pytest.mark.parametrize("kind", ["raw", "wire", "object", "flush", "rubbish"])
def test_who_asks_from_another_view_is_told_everything_each_time(
    requests: Requests, monitor: Monitor, views: FakeViews, asker: int | None, kind: str
) -> None:
    """Also who can't be told to be in this one; and the token is good in that view alone."""
    token = now(monitor).decode()
    answer(requests, asking(monitor, token))
    views.asker = asker
    messages = {
        "raw": token.encode(),
        "wire": asking(monitor, token),
        "object": json.dumps({"command": "query", "since": token}).encode(),
        "flush": b"flush",
        "rubbish": b"\xff",
    }
    for _ in range(2):
        reply = answer(requests, messages[kind])
        if kind == "object":
            told = json.loads(reply)
            assert (told["everything"], told["reason"]) == (True, "other-view")
            other = told["token"].encode()
        else:
            other = reply.partition(b"\0")[0]
            reasons = {"wire": "other-view"}
            assert reply.partition(b"\0")[2].startswith(b"/\0")
            assert reason_in(reply) == reasons.get(kind)
        assert other.endswith(b":%d" % (monitor._journal.token.sequence if kind == "flush" else 0))
        assert f"v{asker or 0}:".encode() in other

    views.asker = 7
    told = json.loads(
        answer(requests, json.dumps({"command": "query", "since": other.decode()}).encode())
    )
    assert (told["everything"], told["reason"]) == (True, "other-view")
    assert told["token"].encode() == now(monitor)


def test_a_daemon_that_does_not_know_its_own_view_has_no_asker_in_it(
    requests: Requests, monitor: Monitor, views: FakeViews
) -> None:
    """Two that are not known are not the same."""
    views.namespace = views.asker = None
    token = now(monitor)

    assert answer(requests, token).endswith(b"\0/\0")


def test_a_time_from_another_view_counts_nowhere(
    make: Make, views: FakeViews, tmp_path: Path
) -> None:
    """Version 1 of Git's hook keeps the time, which does not say where it was asked."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.keeper.built)
    requests = Requests(monitor, {}, askers=Askers(monitor.root, TREE, views))
    index = tmp_path / "index"
    clock = iter(range(10**18, 10**18 + 10**12, 10**9)).__next__
    monitor.timestamps = Timestamps(bytes(index), clock=clock, steady=clock)
    monitor.timestamps.note(monitor._journal.token)
    asked = b"%d" % (clock() - 5)
    index.touch()
    os.utime(index, ns=(2 * 10**18, 2 * 10**18))
    assert monitor.timestamps.token_at(asked) is not None
    views.asker = 8

    answer(requests, asked)
    views.asker = 7

    assert monitor.timestamps.token_at(asked) is None


def test_a_flush_in_the_wires_form_is_no_query_the_next_time(
    requests: Requests, monitor: Monitor
) -> None:
    """What is remembered of a request is only of use for the same one."""
    token = now(monitor).decode()
    flush = asking(monitor, token).replace(b'"query"', b'"flush"')

    for _ in range(2):
        assert reason_in(answer(requests, flush)) == "flush"


@pytest.mark.parametrize("since", ["a\\u0022b", "\\u0000", "é", "x" * 10_000])
def test_an_odd_token_is_unknown_however_often_it_comes(
    requests: Requests, monitor: Monitor, since: str
) -> None:
    """The quick way and the slow one answer the same."""
    for _ in range(3):
        answer(requests, asking(monitor, now(monitor).decode()))
        reply = answer(requests, asking(monitor, "Z").replace(b"Z", since.encode()))
        assert reason_in(reply) == "unknown-token"


def test_no_token_is_counted_as_that(requests: Requests, monitor: Monitor) -> None:
    """People look at the figures; `-` is what older clients sent."""
    answer(requests, asking(monitor, None))
    ask(requests_alone(monitor), b"-")

    assert requests._everything == {"no-token": 1}
    assert reason_in(answer(requests, asking(monitor, ""))) == "unknown-token"


def test_an_answer_beyond_what_clients_take_is_everything(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client has a bound, as anybody may be at a socket."""
    monkeypatch.setattr("fsmond.daemon.requests.MOST_BYTES", 50_000)
    token = now(monitor).decode()
    watcher.happen(*(b"file%05d" % number for number in range(5000)))

    reply = answer(requests, asking(monitor, token))

    assert reason_in(reply) == "token-too-old"
