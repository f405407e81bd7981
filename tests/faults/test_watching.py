"""When the kernel has no room, or no leave, for what a watcher wants."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import LONG, lack

from fsmond.daemon.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform

QUEUED = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
ROOM = 40  # watches, in the tests that have too few
# In a user namespace of its own the limits can be lowered without harm to anybody.
_FEW = f"""
import os, subprocess, sys
done = subprocess.run(["unshare", "--user", "--map-root-user", sys.executable, "-c", '''
import sys
open("/proc/sys/user/max_inotify_watches", "w").write("{ROOM}")
exec(sys.stdin.read())
'''], input=sys.stdin.read(), text=True)
sys.exit(done.returncode)
"""
_PRELUDE = """
import os, sys
from pathlib import Path
from fsmond.daemon.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
root = Path(os.environ["ROOT"])
def watch():
    monitor = Monitor(os.fsencode(root), watcher_for_platform, patience=10)
    monitor.start()
    return monitor
"""


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch the tree."""
    watching = Monitor(os.fsencode(root), watcher_for_platform, patience=10)
    watching.start()
    yield watching
    watching.stop()


def _with_few_watches(root: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program where this user may have only a few watches."""
    can = subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False)
    if can.returncode:
        lack("needs user namespaces, to lower inotify's limits")
    return subprocess.run(
        [sys.executable, "-c", _FEW],
        input=_PRELUDE + program,
        env={**os.environ, "ROOT": str(root), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def _overflow(monitor: Monitor, root: Path) -> None:
    """Change more than the queue holds while nobody reads it."""
    with monitor._lock:
        for number in range(QUEUED):
            os.close(os.open(root / str(number % 10) / str(number), os.O_CREAT | os.O_WRONLY))


def test_an_overflow_is_everything_and_not_the_end(monitor: Monitor, root: Path) -> None:
    """Changes are lost, so all may have changed; from then on answers are exact again."""
    token = bytes(monitor.query(None).token)
    _overflow(monitor, root)

    missed = monitor.query(token)
    (root / "3" / "after").touch()

    assert (missed.paths, missed.reason) == (None, "overflow")
    assert monitor.query(token).reason == "overflow"
    assert monitor.query(bytes(missed.token)).paths == [b"3/after"]
    assert [each.reason for each in monitor.resyncs] == ["overflow"]


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
    monitor.start()
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
    monkeypatch.setattr(monitor.watcher, "_take_in_locked", lambda _: 1 / 0)
    (root / "file").touch()

    try:
        missed = monitor.query(token)
    except ZeroDivisionError:
        missed = monitor.query(token)  # it was this thread that met it

    assert missed.paths is None
    assert monitor.ended is not None


def test_too_few_watches_at_the_start_is_an_error_that_helps(root: Path) -> None:
    """It names the need, the limit, and the command."""
    for number in range(ROOM):
        (root / "more" / str(number)).mkdir(parents=True)

    done = _with_few_watches(root, "watch()")

    assert done.returncode == 1
    assert f"{1 + 10 + 1 + ROOM} directories" in done.stderr
    assert "sudo sysctl fs.inotify.max_user_watches=" in done.stderr


def test_running_out_of_watches_is_everything_until_there_are_enough(root: Path) -> None:
    """What can't be watched can't be told; when it can, answers are exact again."""
    done = _with_few_watches(
        root,
        f"""
monitor = watch()
token = bytes(monitor.query(None).token)
for number in range({ROOM}):
    (root / "more" / str(number)).mkdir(parents=True)
missed = monitor.query(token)
assert (missed.paths, missed.reason) == (None, "degraded"), missed
assert monitor.query(bytes(missed.token)).reason == "degraded"
for number in range(10):
    (root / str(number)).rmdir()
(root / "more" / "0").rmdir()
(root / "more" / "1").rmdir()
while (missed := monitor.query(bytes(missed.token))).reason == "degraded":
    monitor.watcher._retry_at = 0
    monitor.watcher.sync(10**9)
    missed = monitor.query(None)
(root / "more" / "{ROOM - 1}" / "file").touch()
assert monitor.query(bytes(missed.token)).paths == [b"more/{ROOM - 1}/file"]
monitor.stop()
""",
    )

    assert done.returncode == 0, done.stderr


def test_no_inotify_instance_left_is_an_error_that_helps(root: Path) -> None:
    """Another limit, another command."""
    done = _with_few_watches(
        root,
        'open("/proc/sys/user/max_inotify_instances", "w").write("0")\nwatch()',
    )

    assert done.returncode == 1
    assert "sudo sysctl fs.inotify.max_user_instances=" in done.stderr


def test_its_descriptor_is_not_inherited(monitor: Monitor) -> None:
    """A child would keep all watches alive, and read events away."""
    assert not os.get_inheritable(monitor.watcher._queue.fileno())  # type: ignore[attr-defined]


def test_stopping_is_possible_from_any_thread(root: Path) -> None:
    """And harmless when repeated."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform)
    monitor.start()
    stopping = [threading.Thread(target=monitor.stop) for _ in range(3)]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join()
    monitor.stop()
