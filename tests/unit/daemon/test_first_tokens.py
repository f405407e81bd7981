"""Tokens that are given while a monitor gets to know its tree."""

import time
from pathlib import Path

import pytest
from running import until
from steps import UNMISTAKABLE
from unit.daemon.conftest import Make, token_of
from unit.daemon.fake_watcher import FakeWatcher


class SlowWatcher(FakeWatcher):
    """Covers a large tree when it is told to."""

    def start(self) -> None:
        self.calls.append("start")


class HelpedWatcher(SlowWatcher):
    """Covers a small tree as soon as somebody asks."""

    def sync(self, deadline: float) -> str | None:
        if "covered" not in self.calls:
            self.calls.append("covered")
            self.cover()
        return super().sync(deadline)


def test_a_small_tree_is_waited_for(make: Make) -> None:
    """Its first token is as good as any, however new the tree itself is."""
    monitor = make(HelpedWatcher, patience=30)
    monitor.start()

    first = monitor.query(None)
    until(lambda: monitor.keeper.built)

    assert monitor.query(token_of(first)).paths == []


def test_a_large_tree_is_not_waited_for(make: Make) -> None:
    """If that is known beforehand, as by the size of Git's index."""
    monitor = make(HelpedWatcher, patience=30)
    watcher = monitor.watcher
    assert isinstance(watcher, HelpedWatcher)
    monitor.is_large = True
    monitor.start()

    assert monitor.query(None)[1:] == (None, "no-token")
    assert "covered" not in watcher.calls


def test_a_token_from_before_is_void_if_it_can_not_be_told_what_changed(
    make: Make, tmp_path: Path
) -> None:
    """A name came to the root, and another may have gone; this happens once."""
    monitor = make(SlowWatcher, patience=0.05)
    watcher = monitor.watcher
    assert isinstance(watcher, SlowWatcher)
    monitor.start()
    first = monitor.query(None)
    (tmp_path / "new").touch()
    watcher.cover()
    until(lambda: monitor.keeper.built)

    second = monitor.query(token_of(first))

    assert second[1:] == (None, "sync-timeout")
    assert monitor.query(token_of(second)).paths == []


@pytest.mark.parametrize(("ahead", "reason"), [(0, None), (3600, "sync-timeout")])
def test_a_token_from_before_is_void_if_the_clock_was_set_back_meanwhile(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, reason: str | None
) -> None:
    """What changed has a time from before the start, by the clock as it was then."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").touch()
    time.sleep(UNMISTAKABLE)
    real, ahead_by = time.time_ns, [ahead]
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead_by[0] * 10**9)
    monitor = make(SlowWatcher, patience=0.05)
    ahead_by[0] = 0
    watcher = monitor.watcher
    assert isinstance(watcher, SlowWatcher)
    monitor.start()
    first = monitor.query(None)
    (tmp_path / "dir" / "file").write_text("changed")
    watcher.cover()
    until(lambda: monitor.keeper.built)

    second = monitor.query(token_of(first))

    assert second.reason == reason
    assert second.paths == (None if reason else [b"dir/file"])


def test_a_token_from_a_second_time_without_an_index_is_void(make: Make, tmp_path: Path) -> None:
    """More was told than the journal keeps, and then events were lost: no time was taken."""
    (tmp_path / "dir").mkdir()
    monitor = make(FakeWatcher, keep=4, patience=0.05)
    watcher = monitor.watcher
    assert isinstance(watcher, FakeWatcher)
    monitor.start()
    until(lambda: monitor.keeper.built)
    watcher.lose()
    with monitor._lock:
        monitor.changed([b"%d" % number for number in range(10)])
        monitor.keeper.built = monitor.keeper.recovering = False
    first = monitor.query(None)
    (tmp_path / "dir" / "new").touch()
    watcher.cover()
    until(lambda: monitor.keeper.built)

    assert monitor.query(token_of(first))[1:] == (None, "sync-timeout")
