"""The history of one tree, over a watcher that does as it is told."""

import os
import time
from pathlib import Path

import pytest
from running import until
from unit.daemon.conftest import PATIENCE, Make, started, token_of
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon import schedule
from fsmond.daemon.monitor import Monitor
from fsmond.journal.token import Token


def test_without_a_token_everything_may_have_changed(monitor: Monitor) -> None:
    """The answer is where to start from."""
    missed = monitor.query(None)

    assert missed.paths is None
    assert missed.reason == "no-token"
    assert Token.parse(token_of(missed)) == missed.token


def test_a_change_before_the_query_is_in_the_answer(monitor: Monitor, watcher: FakeWatcher) -> None:
    """It is taken from the watcher first; that is the whole promise."""
    token = token_of(monitor.query(None))
    watcher.happen(b"new")

    missed = monitor.query(token)

    assert missed.paths == [b"new"]
    assert missed.reason is None


def test_the_new_token_is_past_what_was_told(monitor: Monitor, watcher: FakeWatcher) -> None:
    """Else the same would be told for ever."""
    token = token_of(monitor.query(None))
    watcher.happen(b"new")
    token = token_of(monitor.query(token))

    assert monitor.query(token).paths == []


def test_a_query_without_a_token_takes_in_what_is_queued(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """What happened before the first look is no news after it."""
    watcher.happen(b"before")

    token = token_of(monitor.query(None))

    assert monitor.query(token).paths == []


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        (b"", "unknown-token"),
        (b"rubbish", "unknown-token"),
        (b"builtin:fake", "unknown-token"),
        (b"\0" * 1000, "unknown-token"),
        (b"x" * (1 << 20), "unknown-token"),
        (b"fsmond:starting:0", "unknown-token"),
        (b"fsmond:0123456789abcdef:0", "restart"),
    ],
    ids=["empty", "rubbish", "fake", "NULs", "1 MiB", "starting", "another daemon's"],
)
def test_a_token_of_nowhere_is_answered_with_everything_and_why(
    monitor: Monitor, since: bytes, reason: str
) -> None:
    """Nothing a client sends is an error: it is told to look at everything."""
    missed = monitor.query(since)

    assert missed.paths is None
    assert missed.reason == reason


def test_a_token_from_the_future_is_unknown(monitor: Monitor) -> None:
    """It is of this session, and must still not pass for up to date."""
    now = monitor.query(None).token

    missed = monitor.query(bytes(Token(now.session, now.sequence + 1)))

    assert (missed.paths, missed.reason) == (None, "unknown-token")


def test_a_token_that_is_too_old_is_answered_with_everything(make: Make) -> None:
    """The journal is bounded."""
    monitor = started(make(keep=4))
    token = token_of(monitor.query(None))
    with monitor._lock:
        monitor.changed([b"%d" % number for number in range(10)])

    assert monitor.query(token)[1:] == (None, "token-too-old")


def test_a_flush_forgets_all_tokens(monitor: Monitor) -> None:
    """The next client is told to look at everything, and why."""
    token = token_of(monitor.query(None))

    flushed = monitor.flush()

    assert flushed[1:] == (None, "flush")
    assert monitor.query(token)[1:] == (None, "flush")
    assert monitor.query(token_of(flushed)).paths == []


@pytest.mark.parametrize("trouble", [None, "sync-timeout"])
def test_what_is_not_settled_is_told_once_more(
    monitor: Monitor, watcher: FakeWatcher, trouble: str | None
) -> None:
    """What follows on it may be known later only; so no token hides it."""
    token = token_of(monitor.query(None))
    watcher.is_settled = False
    watcher.trouble = trouble
    watcher.happen(b"D/")

    first = monitor.query(token)
    watcher.trouble = None
    second = monitor.query(token_of(first))
    watcher.is_settled = True
    third = monitor.query(token_of(second))
    fourth = monitor.query(token_of(third))

    assert (first.paths, first.reason) == (None if trouble else [b"D/"], trouble)
    assert first.token == second.token
    assert second.paths == third.paths == [b"D/"]
    assert fourth.paths == []


@pytest.mark.parametrize("trouble", ["sync-timeout", "degraded"])
def test_a_watcher_in_trouble_means_everything(
    monitor: Monitor, watcher: FakeWatcher, trouble: str
) -> None:
    """What is not known to be in the journal can't be told from it."""
    token = token_of(monitor.query(None))
    watcher.trouble = trouble

    missed = monitor.query(token)

    assert missed[1:] == (None, trouble)


def test_a_token_got_in_trouble_serves_when_it_is_over(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """What happens after it was given is told."""
    watcher.trouble = "sync-timeout"
    token = token_of(monitor.query(None))
    watcher.trouble = None
    watcher.happen(b"later")

    assert monitor.query(token).paths == [b"later"]


def test_a_tree_that_is_gone_means_everything(monitor: Monitor, watcher: FakeWatcher) -> None:
    """Until the daemon has ended, nobody may be told that nothing changed."""
    token = token_of(monitor.query(None))

    watcher.sink.gone("the directory was removed")

    assert monitor.query(token)[1:] == (None, "degraded")
    assert monitor.ended == "the directory was removed"


def test_what_nobody_may_look_into_is_always_in_the_answer(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """What changes there can't be told, so it may have changed each time."""
    token = token_of(monitor.query(None))
    watcher.closed_to_us = [b"secret/", b"deep/secret/"]
    watcher.happen(b"new")

    first = monitor.query(token)
    second = monitor.query(token_of(first))

    assert first.paths == [b"new", b"secret/", b"deep/secret/"]
    assert second.paths == [b"secret/", b"deep/secret/"]


def test_the_watcher_is_given_the_monitors_patience(monitor: Monitor, watcher: FakeWatcher) -> None:
    """One deadline for the whole of a query."""
    before = time.monotonic()
    monitor.query(None)
    after = time.monotonic()

    assert before + PATIENCE <= watcher.deadlines[-1] <= after + PATIENCE


def test_queries_are_counted(monitor: Monitor) -> None:
    """`status` shows the figure."""
    for since in (None, b"rubbish", None):
        monitor.query(since)

    assert monitor.queries == 3


def test_start_and_stop_are_the_watchers(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """It owns the thread; the monitor owns it."""
    monitor.stop()

    assert watcher.calls == ["start", "stop"]
    assert (watcher.root, watcher.excluded) == (os.fsencode(tmp_path), frozenset())


def test_each_monitor_has_a_session_of_its_own(make: Make) -> None:
    """Tokens of one tree mean nothing for another, nor for the next daemon."""
    sessions = {make().session for _ in range(10)}

    assert len(sessions) == 10


def test_what_is_up_to_date_is_left_alone(
    monitor: Monitor, watcher: FakeWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a daemon that nobody asks would look at its index for ever."""
    monkeypatch.setattr(schedule, "PAUSE", 0.0)
    watcher.happen(b"new")
    monitor.query(None)
    assert monitor.keeper.reconciler.is_behind

    def is_done() -> bool:
        monitor.tick()
        return not monitor.keeper.reconciler.is_behind

    until(is_done)
