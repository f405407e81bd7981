"""Which clients get exact answers: by tree and by mount namespace."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until
from unit.conftest import Make
from unit.daemon.asking import ask, ask_object, now

from fsmond.daemon.clients import ClientCheck
from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor
from fsmond.monitor.timestamps import Timestamps
from fsmond.protocol import query_for, reason_in, tree_fields
from ipc.server import Peer

TREE = "1:2,1:3"


class FakeViews:
    """Returns a namespace that the test sets."""

    namespace: int | None = 7

    def __init__(self) -> None:
        self.client: int | None = 7

    def namespace_of(self, _: object) -> int | None:
        return self.client


class Reply(list[bytes]):
    """Collects an answer, as a server's reply function does."""

    peer = Peer(0, 0, 1)

    def process(self) -> None:
        """Return None: there is no descriptor."""

    def __call__(self, piece: bytes) -> None:
        self.append(piece)


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return a monitor that has started."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.index_worker.built)
    return monitor


@pytest.fixture
def views() -> FakeViews:
    """Return the namespaces of clients."""
    return FakeViews()


@pytest.fixture
def requests(monitor: Monitor, views: FakeViews) -> Requests:
    """Return an application that checks its clients."""
    return Requests(monitor, {}, clients=ClientCheck(monitor.root, TREE, views))


def answer(requests: Requests, message: bytes) -> bytes:
    """Return the whole answer to a client that has a view."""
    reply = Reply()
    last = requests(message, reply)
    assert isinstance(last, bytes)
    return b"".join([*reply, last])


def asking(monitor: Monitor, since: str | None, **changed: str) -> bytes:
    """Return a request as fsmond's own client sends it, with some fields changed."""
    message = query_for(since, tree_fields(monitor.root, TREE))
    return json.dumps({**json.loads(message), **changed}).encode() if changed else message


def test_a_client_of_this_tree_gets_exact_answers(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Each time: what is remembered of the last request does not disturb the next."""
    token = now(monitor).decode()
    for number in range(3):
        watcher.queue_change(b"%d" % number)

        reply = answer(requests, asking(monitor, token))

        assert reply == now(monitor) + b"\0%d\0" % number
        token = now(monitor).decode()


@pytest.mark.parametrize("changed", [{"tree_id": "1:2,1:4"}, {"tree_id": ""}, {"tree_id": "x"}])
def test_a_client_of_another_tree_gets_everything_and_a_marked_token(
    requests: Requests, monitor: Monitor, changed: dict[str, str]
) -> None:
    """Git would keep the token, and later ask about this tree with it."""
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


def test_a_root_without_a_tree_id_is_compared_by_its_path(monitor: Monitor) -> None:
    """The author of a simple client need not know about inodes."""
    token = now(monitor).decode()

    here = ask_object(requests_alone(monitor), command="query", since=token, root=root(monitor))
    there = ask_object(requests_alone(monitor), command="query", since=token, root="/elsewhere")

    assert (here["everything"], here["token"]) == (False, token)
    assert (there["everything"], there["reason"]) == (True, "other-root")


def root(monitor: Monitor) -> str:
    """Return a monitor's root as text."""
    return os.fsdecode(monitor.root)


def requests_alone(monitor: Monitor) -> Requests:
    """Return an application that does not check views."""
    return Requests(monitor, {}, clients=ClientCheck(monitor.root, TREE))


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
def test_an_invalid_field_is_an_error(monitor: Monitor, odd: dict[str, Any]) -> None:
    """The error names the field."""
    reply = ask_object(requests_alone(monitor), command="query", **odd)

    assert next(iter(odd)) in reply["error"]


@pytest.mark.parametrize("client", [8, None])
@pytest.mark.parametrize("kind", ["raw", "wire", "object", "flush", "rubbish"])
def test_a_client_in_another_view_gets_everything_each_time(
    requests: Requests, monitor: Monitor, views: FakeViews, client: int | None, kind: str
) -> None:
    """Also one whose view is not known.  Its token is good in no other view."""
    token = now(monitor).decode()
    answer(requests, asking(monitor, token))
    views.client = client
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
            fields = json.loads(reply)
            assert (fields["everything"], fields["reason"]) == (True, "other-view")
            other = fields["token"].encode()
        else:
            other = reply.partition(b"\0")[0]
            reasons = {"wire": "other-view"}
            assert reply.partition(b"\0")[2].startswith(b"/\0")
            assert reason_in(reply) == reasons.get(kind)
        assert other.endswith(b":%d" % (monitor._journal.token.sequence if kind == "flush" else 0))
        assert f"v{client or 0}:".encode() in other

    views.client = 7
    fields = json.loads(
        answer(requests, json.dumps({"command": "query", "since": other.decode()}).encode())
    )
    assert (fields["everything"], fields["reason"]) == (True, "other-view")
    assert fields["token"].encode() == now(monitor)


def test_a_daemon_that_does_not_know_its_own_view_gives_no_exact_answer(
    requests: Requests, monitor: Monitor, views: FakeViews
) -> None:
    """Two unknown views are not the same."""
    views.namespace = views.client = None
    token = now(monitor)

    assert answer(requests, token).endswith(b"\0/\0")


def test_a_time_from_another_view_is_not_a_known_token_here(
    make: Make, views: FakeViews, tmp_path: Path
) -> None:
    """Version 1 of Git's hook keeps a time, which does not tell the view."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.index_worker.built)
    requests = Requests(monitor, {}, clients=ClientCheck(monitor.root, TREE, views))
    index = tmp_path / "index"
    clock = iter(range(10**18, 10**18 + 10**12, 10**9)).__next__
    monitor.timestamps = Timestamps(bytes(index), clock=clock, steady=clock)
    monitor.timestamps.note(monitor._journal.token)
    asked = b"%d" % (clock() - 5)
    index.touch()
    os.utime(index, ns=(2 * 10**18, 2 * 10**18))
    assert monitor.timestamps.token_at(asked) is not None
    views.client = 8

    answer(requests, asked)
    views.client = 7

    assert monitor.timestamps.token_at(asked) is None


def test_a_repeated_flush_in_wire_form_is_not_taken_for_a_query(
    requests: Requests, monitor: Monitor
) -> None:
    """What is remembered of a request applies only to queries."""
    token = now(monitor).decode()
    flush = asking(monitor, token).replace(b'"query"', b'"flush"')

    for _ in range(2):
        assert reason_in(answer(requests, flush)) == "flush"


@pytest.mark.parametrize("since", ["a\\u0022b", "\\u0000", "é", "x" * 10_000])
def test_an_odd_token_is_unknown_each_time(
    requests: Requests, monitor: Monitor, since: str
) -> None:
    """The short path and the JSON parser lead to the same answer."""
    for _ in range(3):
        answer(requests, asking(monitor, now(monitor).decode()))
        reply = answer(requests, asking(monitor, "Z").replace(b"Z", since.encode()))
        assert reason_in(reply) == "unknown-token"


def test_a_query_without_a_token_is_counted_as_such(requests: Requests, monitor: Monitor) -> None:
    """People read the figures; older clients sent `-`."""
    answer(requests, asking(monitor, None))
    ask(requests_alone(monitor), b"-")

    assert requests._everything_counts == {"no-token": 1}
    assert reason_in(answer(requests, asking(monitor, ""))) == "unknown-token"


def test_an_answer_beyond_the_clients_limit_is_everything(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients have limits, as any program may own a socket."""
    monkeypatch.setattr("fsmond.answering.pieces.MAX_ANSWER_BYTES", 250_000)
    token = now(monitor).decode()
    watcher.queue_change(*(b"file%05d" % number for number in range(25_000)))

    reply = answer(requests, asking(monitor, token))

    assert reason_in(reply) == "token-too-old"
