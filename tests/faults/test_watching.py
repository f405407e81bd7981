"""The kernel's queue overflows, or a watcher fails or is blocked."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import until
from support.trees.steps import wait_for_next_timestamp

from fsmond.monitor.monitor import Monitor
from fsmond.monitor.reconciler import Reconciler
from fsmond.watching.choice import watcher_for_platform

QUEUED = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch the tree."""
    wait_for_next_timestamp(root)
    watching = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    watching.start(timeout=30)
    yield watching
    watching.stop()


def _overflow(monitor: Monitor, root: Path) -> None:
    """Cause more events than the queue holds while it is not read."""
    with monitor._lock:
        for number in range(QUEUED):
            os.close(os.open(root / str(number % 10) / str(number), os.O_CREAT | os.O_WRONLY))


def test_an_overflow_loses_nothing(monitor: Monitor, root: Path) -> None:
    """A comparison finds what events did not report; earlier tokens stay valid."""
    until(lambda: monitor.index_worker.built)
    token = bytes(monitor.query(None).token)
    _overflow(monitor, root)
    (root / "3" / "late").touch()

    changes = monitor.query(token)
    (root / "3" / "after").touch()

    made = {b"%d/%d" % (number % 10, number) for number in range(QUEUED)}
    folders = {b"%d/" % number for number in range(10)}
    assert set(changes.paths or []) == made | {b"3/late"} | folders
    assert monitor.query(bytes(changes.token)).paths == [b"3/after"]
    assert [each.reason for each in monitor.resyncs.newest] == ["overflow"]


def test_after_an_overflow_without_an_index_the_answer_is_everything(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    """There is nothing to compare with; later answers are exact again."""
    monkeypatch.setattr(Reconciler, "build", lambda *_: time.sleep(0.01))
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=30)
    token = bytes(monitor.query(None).token)
    _overflow(monitor, root)

    changes = monitor.query(token)
    monkeypatch.undo()
    (root / "3" / "after").touch()

    assert (changes.paths, changes.reason) == (None, "overflow")
    assert monitor.query(bytes(changes.token)).paths == [b"3/after"]
    monitor.stop()


def test_directories_that_appear_during_an_overflow_are_watched(
    monitor: Monitor, root: Path
) -> None:
    """Their events are lost like the others."""
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
    """Git waits without a timeout, so fsmond must not."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=0.05)
    monitor.start(timeout=30)
    token = bytes(monitor.query(None).token)
    (root / "3" / "file").touch()
    with monitor._lock:
        changes = monitor.query(token)

    assert (changes.paths, changes.reason) == (None, "sync-timeout")
    assert monitor.query(bytes(changes.token)).paths == [b"3/file"]
    monitor.stop()


def test_a_failure_of_the_watcher_is_reported(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    """Events may be lost: from then on everything may have changed."""
    token = bytes(monitor.query(None).token)
    monkeypatch.setattr("fsmond.watching.inotify.events.EventHandler.handle", lambda *_: 1 / 0)
    (root / "file").touch()

    try:
        changes = monitor.query(token)
    except ZeroDivisionError:
        changes = monitor.query(token)  # the failure was in this thread

    assert changes.paths is None
    assert monitor.reports.ended is not None


def test_the_queue_is_not_inherited(monitor: Monitor) -> None:
    """A child would keep all watches alive, and could take events from us."""
    queue = getattr(monitor.watcher, "_queue")  # noqa: B009 - Linux only
    assert not any(map(os.get_inheritable, queue.filenos))


def test_stopping_is_possible_from_any_thread(root: Path) -> None:
    """And is harmless when repeated."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform)
    monitor.start(timeout=30)
    stopping = [threading.Thread(target=monitor.stop) for _ in range(3)]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    monitor.stop()
