"""What a monitor does when events are lost."""

import errno
import time
from pathlib import Path

import pytest
from running import until
from steps import UNMISTAKABLE
from unit.daemon.conftest import token_of
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.monitor import Monitor
from fsmond.index.tree import Index, Look


@pytest.fixture(autouse=True)
def _old(tmp_path: Path) -> None:
    """Have a directory, older than a tick of the clock when the monitor starts."""
    (tmp_path / "dir").mkdir()
    time.sleep(UNMISTAKABLE)


def test_a_loss_is_remembered_and_tokens_stay(monitor: Monitor, watcher: FakeWatcher) -> None:
    """What was lost is found by comparison; people learn the detail."""
    token = token_of(monitor.query(None))
    session = monitor.session

    watcher.lose("so it was")
    watcher.cover()

    assert monitor.query(token).paths == []
    assert monitor.session == session
    assert monitor.resyncs.count == 1
    assert [(each.reason, each.detail) for each in monitor.resyncs.newest] == [
        ("overflow", "so it was")
    ]


def test_what_changed_while_events_were_lost_is_told(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """The tree is the truth; and what was told before may have changed once more."""
    watcher.happen(b"before")
    token = token_of(monitor.query(None))
    watcher.lose()
    (tmp_path / "dir" / "lost").touch()
    watcher.cover()

    assert set(monitor.query(token).paths or []) == {b"dir/lost", b"dir/", b"before"}


def test_until_what_was_lost_is_found_everything_may_have_changed(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """Within the deadline, and under a token that is good for the next time."""
    token = token_of(monitor.query(None))
    watcher.lose()
    (tmp_path / "dir" / "lost").touch()

    missed = monitor.query(token)
    watcher.cover()

    assert missed[1:] == (None, "overflow")
    assert monitor.query(token_of(missed)).paths == [b"dir/lost", b"dir/"]


def test_the_survey_at_the_start_was_no_loss(monitor: Monitor) -> None:
    """`status` shows what went wrong; that did not."""
    assert (monitor.resyncs.count, list(monitor.resyncs.newest)) == (0, [])


def test_a_loss_is_logged_once_and_not_while_the_lock_is_held(
    monitor: Monitor, watcher: FakeWatcher, caplog: pytest.LogCaptureFixture
) -> None:
    """A log on a slow disk must not keep a query from its answer."""
    watcher.lose("so it was")
    assert caplog.messages == []

    monitor.tick()
    monitor.tick()

    assert caplog.messages == ["overflow: so it was"]


def test_losses_are_counted_all_and_remembered_in_bounded_number(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """A tree that overflows all day long must not make the daemon grow."""
    for _ in range(1000):
        watcher.lose()

    assert monitor.resyncs.count == 1000
    assert len(monitor.resyncs.newest) < 100


def test_what_was_seen_before_a_failure_is_told(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has it by then, and will not find it a second time."""
    token = token_of(monitor.query(None))
    (tmp_path / "dir" / "untold").touch()
    watcher.happen(b"top", b"dir/told")
    monitor.query(token)
    real = Index.look

    def look(self: Index, prefix: bytes) -> Look:
        if not prefix:
            raise OSError(errno.EMFILE, "no descriptor for the root")
        return real(self, prefix)

    monkeypatch.setattr(Index, "look", look)
    monitor.tick()
    monitor.tick()

    until(lambda: b"dir/untold" in (monitor.query(token).paths or []))


@pytest.mark.parametrize("how", ["overflow", "degraded"])
def test_where_a_name_came_and_went_unseen_the_directory_changed(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, how: str
) -> None:
    """Git may have it among those that it need not look at."""
    token = token_of(monitor.query(None))
    if how == "overflow":
        watcher.lose()
    else:
        watcher.blind = [b"dir/"]
    (tmp_path / "dir" / "new").touch()
    (tmp_path / "dir" / "new").unlink()
    watcher.cover()

    assert monitor.query(token).paths == [b"dir/"]


@pytest.mark.parametrize("how", ["overflow", "degraded"])
def test_where_a_name_came_and_went_in_the_root_everything_may_have_changed(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, how: str
) -> None:
    """It has no path that could be told; this happens once, and tokens from then on are good."""
    token = token_of(monitor.query(None))
    if how == "overflow":
        watcher.lose()
    else:
        watcher.blind = [b""]
    (tmp_path / "new").touch()
    (tmp_path / "new").unlink()
    time.sleep(UNMISTAKABLE)
    watcher.cover()

    first = monitor.query(token)

    assert first[1:] == (None, how)
    assert monitor.query(token_of(first)).paths == []


def test_a_directory_whose_events_were_taken_in_is_not_told_for_its_times(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """They say nothing new; neither does a comparison of the whole tree."""
    token = token_of(monitor.query(None))
    (tmp_path / "dir" / "new").touch()
    (tmp_path / "dir" / "new").unlink()
    (tmp_path / "new").touch()
    (tmp_path / "new").unlink()
    watcher.happen(b"dir/new", b"new")

    verdict = monitor.keeper.verify(time.monotonic() + 20)

    assert verdict is not None
    assert verdict.differences == []
    assert sorted(monitor.query(token).paths or []) == [b"dir/new", b"new"]


def test_what_is_watched_anew_and_could_not_be_compared_is_compared_later(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it could not be looked at does not mean that nothing changed there."""
    token = token_of(monitor.query(None))
    watcher.blind = [b""]
    (tmp_path / "dir" / "untold").touch()
    real, failures = Index._read, iter([True])

    def read(self: Index, prefix: bytes, identity: tuple[int, int] | None) -> object:
        if next(failures, False):
            watcher.blind = []  # as note_compared has it
            raise OSError(errno.EMFILE, "no descriptor for the root")
        return real(self, prefix, identity)

    monkeypatch.setattr(Index, "_read", read)
    monitor.query(token)
    until(lambda: monitor.keeper.state == "ready")

    assert b"dir/untold" in (monitor.query(token).paths or [])
