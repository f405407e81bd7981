"""The history of one tree, with a fake watcher."""

import os
import time
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until
from unit.conftest import TIMEOUT, Make, started, token_of

from fsmond.journal.token import Token
from fsmond.monitor import index_worker
from fsmond.monitor.monitor import Monitor


def test_without_a_token_everything_may_have_changed(monitor: Monitor) -> None:
    """The answer has a token to start from."""
    changes = monitor.query(None)

    assert changes.paths is None
    assert changes.reason == "no-token"
    assert Token.parse(token_of(changes)) == changes.token


def test_a_change_before_the_query_is_in_the_answer(monitor: Monitor, watcher: FakeWatcher) -> None:
    """The query reads the watcher first; that is the main promise."""
    token = token_of(monitor.query(None))
    watcher.queue_change(b"new")

    changes = monitor.query(token)

    assert changes.paths == [b"new"]
    assert changes.reason is None


def test_the_new_token_is_past_what_was_reported(monitor: Monitor, watcher: FakeWatcher) -> None:
    """Else the same paths would be reported for ever."""
    token = token_of(monitor.query(None))
    watcher.queue_change(b"new")
    token = token_of(monitor.query(token))

    assert monitor.query(token).paths == []


def test_a_query_without_a_token_reads_queued_changes(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """A change before the first answer is not reported after it."""
    watcher.queue_change(b"before")

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
def test_an_invalid_token_is_answered_with_everything_and_the_reason(
    monitor: Monitor, since: bytes, reason: str
) -> None:
    """Nothing that a client sends is an error: the answer is "everything"."""
    changes = monitor.query(since)

    assert changes.paths is None
    assert changes.reason == reason


def test_a_token_from_the_future_is_unknown(monitor: Monitor) -> None:
    """Though of this session, it must not pass for up to date."""
    now = monitor.query(None).token

    changes = monitor.query(bytes(Token(now.session, now.sequence + 1)))

    assert (changes.paths, changes.reason) == (None, "unknown-token")


def test_a_token_that_is_too_old_is_answered_with_everything(make: Make) -> None:
    """The journal is bounded."""
    monitor = started(make(keep=4))
    token = token_of(monitor.query(None))
    with monitor._lock:
        monitor.reports.changed([b"%d" % number for number in range(10)])

    assert monitor.query(token)[1:3] == (None, "token-too-old")


def test_a_flush_invalidates_all_tokens(monitor: Monitor) -> None:
    """The next answer is "everything", with the reason."""
    token = token_of(monitor.query(None))

    flushed = monitor.flush()

    assert flushed[1:3] == (None, "flush")
    assert monitor.query(token)[1:3] == (None, "flush")
    assert monitor.query(token_of(flushed)).paths == []


@pytest.mark.parametrize("trouble", [None, "sync-timeout"])
def test_what_is_not_settled_is_reported_again(
    monitor: Monitor, watcher: FakeWatcher, trouble: str | None
) -> None:
    """Its consequences may become known only later; no token must hide them."""
    token = token_of(monitor.query(None))
    watcher.is_settled = False
    watcher.trouble = trouble
    watcher.queue_change(b"D/")

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
    """The journal may be incomplete."""
    token = token_of(monitor.query(None))
    watcher.trouble = trouble

    changes = monitor.query(token)

    assert changes[1:3] == (None, trouble)


def test_a_token_issued_in_trouble_is_valid_afterwards(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Changes after it are reported."""
    watcher.trouble = "sync-timeout"
    token = token_of(monitor.query(None))
    watcher.trouble = None
    watcher.queue_change(b"later")

    assert monitor.query(token).paths == [b"later"]


def test_a_tree_that_is_gone_means_everything(monitor: Monitor, watcher: FakeWatcher) -> None:
    """Until the daemon has ended, no client may get an empty answer."""
    token = token_of(monitor.query(None))

    watcher.sink.gone("the directory was removed")

    assert monitor.query(token)[1:3] == (None, "degraded")
    assert monitor.reports.ended == "the directory was removed"


def test_unreadable_directories_are_always_in_the_answer(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Changes there cannot be detected, so each time there may be some."""
    token = token_of(monitor.query(None))
    watcher.unreadable_paths = [b"secret/", b"deep/secret/"]
    watcher.queue_change(b"new")

    first = monitor.query(token)
    second = monitor.query(token_of(first))

    assert first.paths == [b"new", b"secret/", b"deep/secret/"]
    assert second.paths == [b"secret/", b"deep/secret/"]


def test_the_watcher_is_given_the_monitors_timeout(monitor: Monitor, watcher: FakeWatcher) -> None:
    """A query has one deadline."""
    before = time.monotonic()
    monitor.query(None)
    after = time.monotonic()

    assert before + TIMEOUT <= watcher.deadlines[-1] <= after + TIMEOUT


def test_queries_are_counted(monitor: Monitor) -> None:
    """`status` shows the figure."""
    for since in (None, b"rubbish", None):
        monitor.query(since)

    assert monitor.queries == 3


def test_start_and_stop_are_the_watchers(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """The watcher owns the thread, and the monitor owns the watcher."""
    monitor.stop()

    assert watcher.calls == ["start", "stop"]
    assert (watcher.root, watcher.excluded) == (os.fsencode(tmp_path), frozenset())


def test_each_monitor_has_a_session_of_its_own(make: Make) -> None:
    """A token of one tree is not valid for another one, or for the next daemon."""
    sessions = {make().session for _ in range(10)}

    assert len(sessions) == 10


def test_an_index_that_is_up_to_date_is_not_refreshed(
    monitor: Monitor, watcher: FakeWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an idle daemon would refresh its index for ever."""
    monkeypatch.setattr(index_worker, "MIN_PAUSE", 0.0)
    watcher.queue_change(b"new")
    monitor.query(None)
    assert monitor.index_worker.reconciler.is_behind

    def is_done() -> bool:
        monitor.tick()
        return not monitor.index_worker.reconciler.is_behind

    until(is_done)
