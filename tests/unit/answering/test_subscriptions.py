"""Tests for fsmond.answering.subscriptions: the thread, with a monitor and without clients."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_watcher import FakeWatcher
from support.running import LONG, until

from fsmond.answering.service import Answering
from fsmond.filters.ignore_rules import IgnoreRules
from fsmond.monitor.monitor import Monitor
from ipc.deferred import Deferred


class FakeTransport:
    """A client that reads all, or nothing while `is_slow`."""

    def __init__(self, deferred: Deferred) -> None:
        self.received = b""
        self.waiting = b""
        self.is_slow = False
        self.is_over = False
        self._deferred = deferred

    @property
    def unsent(self) -> int:
        return len(self.waiting)

    def send(self, data: bytes) -> None:
        self.waiting += data
        if not self.is_slow:
            self.received, self.waiting = self.received + self.waiting, b""

    def end(self) -> None:
        self.is_over = True

    def disconnect(self) -> None:
        self.is_over = True

    def read(self) -> None:
        """Read all that waits."""
        self.is_slow = False
        self.received, self.waiting = self.received + self.waiting, b""
        self._deferred.note_sent()

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What was received, without the framing."""
        found = []
        for line in self.received.split(b"\n"):
            at = line.find(b"{")
            if at >= 0:
                found.append(json.loads(line[at : line.rindex(b"}") + 1]))
        return found

    @property
    def paths(self) -> list[set[str]]:
        """The paths of each answer."""
        return [set(each["paths"]) for each in self.answers if "paths" in each]


Watched = tuple[Monitor, FakeWatcher, Answering]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Watch a tree in which only the test says what changes."""
    root = os.fsencode(tmp_path)
    made: list[FakeWatcher] = []

    def watcher(*arguments: Any) -> FakeWatcher:
        made.append(FakeWatcher(*arguments))
        return made[0]

    monitor = Monitor(root, watcher, timeout=LONG)
    monitor.start(timeout=LONG)
    until(lambda: monitor.index_worker.built)
    answering = Answering(monitor, lambda: IgnoreRules(root, list, None), lambda _: None)
    yield monitor, made[0], answering
    answering.subscriptions.end("the test ends")
    answering.subscriptions.stop()
    monitor.stop()


def listen(watched: Watched, *, once: bool = False, **fields: object) -> FakeTransport:
    """Have a client wait; return its end."""
    found = watched[2].listen({"settle": 0, **fields}, lambda _: None, once=once)
    assert isinstance(found, Deferred)
    transport = FakeTransport(found)
    found.attach(transport)
    return transport


def change(watched: Watched, *paths: bytes) -> None:
    """Report a change, as a watcher does."""
    _, watcher, _ = watched
    with watcher.lock:
        watcher.sink.changed(paths)
        watcher.sink.caught_up()


def test_only_those_are_told_whom_it_concerns(watched: Watched) -> None:
    """A thousand filters, and a change that one of them wants."""
    clients = [listen(watched, include=[f"/only{number}"]) for number in range(50)]
    all_of_it = listen(watched)

    change(watched, b"only7")
    until(lambda: clients[7].paths == [{"only7"}] and all_of_it.paths == [{"only7"}])

    assert [number for number, each in enumerate(clients) if each.received] == [7]


def test_a_slow_reader_gets_less_answers_and_all_paths(watched: Watched) -> None:
    """It holds a token, and no queue."""
    slow = listen(watched)
    slow.is_slow = True
    change(watched, b"first")
    until(lambda: slow.unsent > 0)
    for number in range(20):
        change(watched, b"number%d" % number)
    assert b"number" not in slow.waiting

    slow.read()
    until(lambda: len(slow.paths) == 2)

    assert slow.paths == [{"first"}, {f"number{number}" for number in range(20)}]


def test_a_batch_waits_until_it_is_quiet(watched: Watched) -> None:
    """But not longer than `max_wait`."""
    patient = listen(watched, settle=1000, max_wait=1)
    change(watched, b"a")
    change(watched, b"b")

    until(lambda: bool(patient.paths))

    assert patient.paths == [{"a", "b"}]


def test_who_is_answered_once_is_done(watched: Watched) -> None:
    """Its conversation is over."""
    client = listen(watched, once=True)
    change(watched, b"a")
    until(lambda: client.is_over)

    assert client.paths == [{"a"}]
    assert len(watched[2].subscriptions) == 0


def test_time_runs_out(watched: Watched) -> None:
    """With an answer that has no path."""
    client = listen(watched, once=True, timeout=0.05)
    until(lambda: client.is_over)

    assert client.paths == [set()]


def test_what_is_unknown_in_each_answer_is_no_news(watched: Watched) -> None:
    """Else a directory that may not be read would be told again and again."""
    watched[1].unreadable_paths = [b"secret/"]
    client = listen(watched)
    change(watched, b"a")
    until(lambda: bool(client.paths))

    change(watched, b"b")
    until(lambda: len(client.paths) == 2)

    assert client.paths == [{"a", "secret/"}, {"b", "secret/"}]


def test_the_end_is_told_to_all(watched: Watched) -> None:
    """And to those who come later."""
    before = [listen(watched), listen(watched, once=True)]
    watched[2].subscriptions.end("enough")
    until(lambda: all(each.is_over for each in before))
    after = listen(watched)

    assert [each.answers for each in (*before, after)] == [[{"end": "enough"}]] * 3
    watched[2].subscriptions.stop()


def test_who_has_gone_is_forgotten(watched: Watched) -> None:
    """Nobody is looked after in vain."""
    client = listen(watched)
    client._deferred.lose()

    until(lambda: len(watched[2].subscriptions) == 0)
    change(watched, b"a")


def test_a_failure_is_told_and_logged(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients would wait for ever for a thread that has died."""
    client = listen(watched)

    def fail(since: object) -> None:
        del since
        raise RuntimeError("a fault")

    monkeypatch.setattr(watched[0], "query", fail)
    change(watched, b"a")
    until(lambda: client.is_over)

    assert "it failed" in client.answers[0]["end"]
    assert "a fault" in caplog.text
