"""What a monitor does when events are lost."""

import errno
import time
from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until
from support.trees.steps import TIMESTAMP_STEP
from unit.conftest import token_of

from fsmond.index.tree import Comparison, Index
from fsmond.monitor.monitor import Monitor
from fsmond.watching.contract import REMOVED


@pytest.fixture(autouse=True)
def _old(tmp_path: Path) -> None:
    """Make a directory that is older than a clock tick when the monitor starts."""
    (tmp_path / "dir").mkdir()
    time.sleep(TIMESTAMP_STEP)


def test_a_loss_is_recorded_and_tokens_stay_valid(monitor: Monitor, watcher: FakeWatcher) -> None:
    """A comparison finds what was lost; the detail is kept for people."""
    token = token_of(monitor.query(None))
    session = monitor.session

    watcher.lose_events("so it was")
    watcher.cover()

    assert monitor.query(token).paths == []
    assert monitor.session == session
    assert monitor.resyncs.count == 1
    assert [(each.reason, each.detail) for each in monitor.resyncs.newest] == [
        ("overflow", "so it was")
    ]


def test_what_changed_while_events_were_lost_is_reported(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """The comparison finds it; and what was reported before may have changed again."""
    watcher.queue_change(b"before")
    token = token_of(monitor.query(None))
    watcher.lose_events()
    (tmp_path / "dir" / "lost").touch()
    watcher.cover()

    assert set(monitor.query(token).paths or []) == {b"dir/lost", b"dir/", b"before"}


def test_until_the_comparison_is_done_everything_may_have_changed(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """Answered within the deadline, with a token that is valid for the next query."""
    token = token_of(monitor.query(None))
    watcher.lose_events()
    (tmp_path / "dir" / "lost").touch()

    changes = monitor.query(token)
    watcher.cover()

    assert changes[1:3] == (None, "overflow")
    assert monitor.query(token_of(changes)).paths == [b"dir/lost", b"dir/"]


def test_the_comparison_at_the_start_is_no_loss(monitor: Monitor) -> None:
    """`status` shows only what went wrong."""
    assert (monitor.resyncs.count, list(monitor.resyncs.newest)) == (0, [])


def test_a_loss_is_logged_once_and_not_while_the_lock_is_held(
    monitor: Monitor, watcher: FakeWatcher, caplog: pytest.LogCaptureFixture
) -> None:
    """A log on a slow disk must not delay a query."""
    watcher.lose_events("so it was")
    assert caplog.messages == []

    monitor.tick()
    monitor.tick()

    assert caplog.messages == ["overflow: so it was"]


def test_all_losses_are_counted_and_a_bounded_number_is_kept(
    monitor: Monitor, watcher: FakeWatcher
) -> None:
    """The daemon must not grow if the queue overflows all day long."""
    for _ in range(1000):
        watcher.lose_events()

    assert monitor.resyncs.count == 1000
    assert len(monitor.resyncs.newest) < 100


def test_what_was_found_before_a_failure_is_reported(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index has it by then, so a second comparison would not find it."""
    token = token_of(monitor.query(None))
    (tmp_path / "dir" / "unreported").touch()
    watcher.queue_change(b"top", b"dir/reported")
    monitor.query(token)
    real = Index.compare

    def compare(self: Index, prefix: bytes) -> Comparison:
        if not prefix:
            raise OSError(errno.EMFILE, "no descriptor for the root")
        return real(self, prefix)

    monkeypatch.setattr(Index, "compare", compare)
    monitor.tick()
    monitor.tick()

    until(lambda: b"dir/unreported" in (monitor.query(token).paths or []))


@pytest.mark.parametrize("how", ["overflow", "degraded"])
def test_where_a_transient_name_was_not_reported_the_directory_is(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, how: str
) -> None:
    """Git may have recorded it as a name that it need not check."""
    token = token_of(monitor.query(None))
    if how == "overflow":
        watcher.lose_events()
    else:
        watcher.unwatched_paths = [b"dir/"]
    (tmp_path / "dir" / "new").touch()
    (tmp_path / "dir" / "new").unlink()
    watcher.cover()

    assert monitor.query(token).paths == [b"dir/"]


def test_after_an_overflow_what_is_in_a_directory_that_is_back_is_reported(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is as in the index, but the client was told that the directory is gone."""
    inside = tmp_path / "dir" / "inside"
    inside.mkdir()
    for name in "abc":
        (inside / name).touch()
    watcher.queue_change(b"dir/inside/")
    for _ in range(2):  # the first one reports the names
        assert monitor.index_worker.verify(time.monotonic() + 10) is not None
    outside = tmp_path_factory.mktemp("outside") / "inside"
    inside.rename(outside)
    with watcher.lock:
        watcher.sink.changed([b"dir/inside/"], {b"dir/inside/": REMOVED})
    token = token_of(monitor.query(None))
    watcher.lose_events()
    outside.rename(inside)
    watcher.cover()

    assert set(monitor.query(token).paths or ()) >= {
        b"dir/inside/" + each for each in (b"", b"a", b"b", b"c")
    }


@pytest.mark.parametrize("how", ["overflow", "degraded"])
def test_after_a_transient_name_in_the_root_everything_may_have_changed(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, how: str
) -> None:
    """The root has no path to report; this happens once, and newer tokens are valid."""
    token = token_of(monitor.query(None))
    if how == "overflow":
        watcher.lose_events()
    else:
        watcher.unwatched_paths = [b""]
    (tmp_path / "new").touch()
    (tmp_path / "new").unlink()
    time.sleep(TIMESTAMP_STEP)
    watcher.cover()

    first = monitor.query(token)

    assert first[1:3] == (None, how)
    assert monitor.query(token_of(first)).paths == []


def test_new_times_of_a_directory_are_not_reported_if_its_events_were(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path
) -> None:
    """The times add nothing, and `verify` finds no difference."""
    token = token_of(monitor.query(None))
    (tmp_path / "dir" / "new").touch()
    (tmp_path / "dir" / "new").unlink()
    (tmp_path / "new").touch()
    (tmp_path / "new").unlink()
    watcher.queue_change(b"dir/new", b"new")

    result = monitor.index_worker.verify(time.monotonic() + 20)

    assert result is not None
    assert result.differences == []
    assert sorted(monitor.query(token).paths or []) == [b"dir/new", b"new"]


def test_a_newly_watched_directory_that_could_not_be_compared_is_compared_later(
    monitor: Monitor, watcher: FakeWatcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it could not be read does not mean that nothing changed there."""
    token = token_of(monitor.query(None))
    watcher.unwatched_paths = [b""]
    (tmp_path / "dir" / "unreported").touch()
    real, failures = Index._read, iter([True])

    def read(self: Index, prefix: bytes, identity: tuple[int, int] | None) -> object:
        if next(failures, False):
            watcher.unwatched_paths = []  # as before_comparison does
            raise OSError(errno.EMFILE, "no descriptor for the root")
        return real(self, prefix, identity)

    monkeypatch.setattr(Index, "_read", read)
    monitor.query(token)
    until(lambda: monitor.index_worker.state == "ready")

    assert b"dir/unreported" in (monitor.query(token).paths or [])
