"""Tokens that a monitor issues before its index is built."""

import time
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until
from support.trees.steps import TIMESTAMP_STEP
from unit.conftest import Make, token_of

from fsmond.watching.contract import Counts


class SlowWatcher(FakeWatcher):
    """Covers a large tree when the test says so."""

    def start(self) -> None:
        self.calls.append("start")


class HelpedWatcher(SlowWatcher):
    """Covers a small tree at the first `sync`."""

    def sync(self, deadline: float) -> str | None:
        if "covered" not in self.calls:
            self.calls.append("covered")
            self.cover()
        return super().sync(deadline)


def test_a_small_tree_is_waited_for(make: Make) -> None:
    """Its first token is as good as any, even if the tree itself is new."""
    monitor = make(HelpedWatcher, timeout=30)
    monitor.start()

    first = monitor.query(None)
    until(lambda: monitor.index_worker.built)

    assert monitor.query(token_of(first)).paths == []


def test_a_large_tree_is_not_waited_for(make: Make) -> None:
    """If its size is known beforehand, such as from Git's index."""
    monitor = make(HelpedWatcher, timeout=30)
    watcher = monitor.watcher
    assert isinstance(watcher, HelpedWatcher)
    monitor.is_large = True
    monitor.start()

    assert monitor.query(None)[1:3] == (None, "no-token")
    assert "covered" not in watcher.calls


class Wide(SlowWatcher):
    """Has some thousand directories, which are never covered."""

    def counts(self) -> Counts:
        return Counts(3000, 0, None, 0)


@pytest.mark.parametrize("recovering", [False, True])
def test_a_query_waits_for_the_covering_unless_a_comparison_follows(
    make: Make, monkeypatch: pytest.MonkeyPatch, *, recovering: bool
) -> None:
    """Its token would be no better."""
    monkeypatch.setattr("fsmond.monitor.monitor._COVERING", 0.2)
    monitor = make(Wide, timeout=30)
    watcher = monitor.watcher
    assert isinstance(watcher, Wide)
    monitor.start()
    monitor.index_worker.recovering = recovering

    assert monitor.query(None)[1:3] == (None, "no-token")

    assert (len(watcher.deadlines) > 1) is not recovering


def test_an_early_token_is_void_if_the_changes_since_cannot_be_determined(
    make: Make, tmp_path: Path
) -> None:
    """A name appeared in the root, and another may have vanished; this happens once."""
    monitor = make(SlowWatcher, timeout=0.05)
    watcher = monitor.watcher
    assert isinstance(watcher, SlowWatcher)
    monitor.start()
    first = monitor.query(None)
    (tmp_path / "new").touch()
    watcher.cover()
    until(lambda: monitor.index_worker.built)

    second = monitor.query(token_of(first))

    assert second[1:3] == (None, "sync-timeout")
    assert monitor.query(token_of(second)).paths == []


@pytest.mark.parametrize(("ahead", "reason"), [(0, None), (3600, "sync-timeout")])
def test_an_early_token_is_void_if_the_clock_was_set_back_meanwhile(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, reason: str | None
) -> None:
    """By the new clock, a changed file has a time from before the start."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").touch()
    time.sleep(TIMESTAMP_STEP)
    real, ahead_by = time.time_ns, [ahead]
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead_by[0] * 10**9)
    monitor = make(SlowWatcher, timeout=0.05)
    ahead_by[0] = 0
    watcher = monitor.watcher
    assert isinstance(watcher, SlowWatcher)
    monitor.start()
    first = monitor.query(None)
    (tmp_path / "dir" / "file").write_text("changed")
    watcher.cover()
    until(lambda: monitor.index_worker.built)

    second = monitor.query(token_of(first))

    assert second.reason == reason
    assert second.paths == (None if reason else [b"dir/file"])


def test_an_early_token_is_void_when_the_index_is_built_again(make: Make, tmp_path: Path) -> None:
    """More was reported than the journal keeps, and events were lost: no start time is known."""
    (tmp_path / "dir").mkdir()
    monitor = make(FakeWatcher, keep=4, timeout=0.05)
    watcher = monitor.watcher
    assert isinstance(watcher, FakeWatcher)
    monitor.start()
    until(lambda: monitor.index_worker.built)
    watcher.lose_events()
    with monitor._lock:
        monitor.reports.changed([b"%d" % number for number in range(10)])
        monitor.index_worker.built = monitor.index_worker.recovering = False
    first = monitor.query(None)
    (tmp_path / "dir" / "new").touch()
    watcher.cover()
    until(lambda: monitor.index_worker.built)

    assert monitor.query(token_of(first))[1:3] == (None, "sync-timeout")
