"""When the kernel has no room, or no leave, for what a watcher wants."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import until
from steps import outlive

from fsmond.daemon.monitor import Monitor
from fsmond.daemon.reconciler import Reconciler
from fsmond.watching.choice import watcher_for_platform

QUEUED = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch the tree."""
    outlive(root)
    watching = Monitor(os.fsencode(root), watcher_for_platform, patience=10)
    watching.start(patience=30)
    yield watching
    watching.stop()


def _overflow(monitor: Monitor, root: Path) -> None:
    """Change more than the queue holds while nobody reads it."""
    with monitor._lock:
        for number in range(QUEUED):
            os.close(os.open(root / str(number % 10) / str(number), os.O_CREAT | os.O_WRONLY))


def test_an_overflow_loses_nothing(monitor: Monitor, root: Path) -> None:
    """What the events did not tell, the tree does; tokens from before stay good."""
    until(lambda: monitor.keeper.built)
    token = bytes(monitor.query(None).token)
    _overflow(monitor, root)
    (root / "3" / "late").touch()

    missed = monitor.query(token)
    (root / "3" / "after").touch()

    made = {b"%d/%d" % (number % 10, number) for number in range(QUEUED)}
    folders = {b"%d/" % number for number in range(10)}
    assert set(missed.paths or []) == made | {b"3/late"} | folders
    assert monitor.query(bytes(missed.token)).paths == [b"3/after"]
    assert [each.reason for each in monitor.resyncs.newest] == ["overflow"]


def test_an_overflow_before_there_is_an_index_is_everything(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    """There is nothing to compare with; from then on answers are exact again."""
    monkeypatch.setattr(Reconciler, "build", lambda *_: time.sleep(0.01))
    monitor = Monitor(os.fsencode(root), watcher_for_platform, patience=10)
    monitor.start(patience=30)
    token = bytes(monitor.query(None).token)
    _overflow(monitor, root)

    missed = monitor.query(token)
    monkeypatch.undo()
    (root / "3" / "after").touch()

    assert (missed.paths, missed.reason) == (None, "overflow")
    assert monitor.query(bytes(missed.token)).paths == [b"3/after"]
    monitor.stop()


def test_directories_that_came_during_an_overflow_are_watched(monitor: Monitor, root: Path) -> None:
    """Their events were lost with the others."""
    _overflow(monitor, root)
    (root / "3").rename(root / "renamed")
    (root / "late" / "deep").mkdir(parents=True)
    (root / "4").rename(root / "late" / "deep" / "moved")
    token = bytes(monitor.query(None).token)

    (root / "late" / "deep" / "moved" / "file").touch()
    (root / "renamed" / "file").touch()

    paths = monitor.query(token).paths
    assert sorted(paths or []) == [b"late/deep/moved/file", b"renamed/file"]


def test_a_query_does_not_wait_for_ever(root: Path) -> None:
    """Git waits without a limit, so nobody else may."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform, patience=0.05)
    monitor.start(patience=30)
    token = bytes(monitor.query(None).token)
    (root / "3" / "file").touch()
    with monitor._lock:
        missed = monitor.query(token)

    assert (missed.paths, missed.reason) == (None, "sync-timeout")
    assert monitor.query(bytes(missed.token)).paths == [b"3/file"]
    monitor.stop()


def test_a_failure_of_the_watcher_is_no_silence(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    """Events may be gone with it: from then on everything may have changed."""
    token = bytes(monitor.query(None).token)
    monkeypatch.setattr("fsmond.watching.events.Intake.take_in", lambda *_: 1 / 0)
    (root / "file").touch()

    try:
        missed = monitor.query(token)
    except ZeroDivisionError:
        missed = monitor.query(token)  # it was this thread that met it

    assert missed.paths is None
    assert monitor.ended is not None


def test_its_descriptor_is_not_inherited(monitor: Monitor) -> None:
    """A child would keep all watches alive, and read events away."""
    assert not os.get_inheritable(getattr(monitor.watcher, "_queue").fileno())  # noqa: B009 - of Linux


def test_stopping_is_possible_from_any_thread(root: Path) -> None:
    """And harmless when repeated."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform)
    monitor.start(patience=30)
    stopping = [threading.Thread(target=monitor.stop) for _ in range(3)]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    monitor.stop()
