"""inotify's limits are too low for a tree."""

import os
import subprocess
import sys
from pathlib import Path

from support.running import LONG, skip_missing

LIMIT = 40  # watches, in the tests that have too few
# In a user namespace of its own, the limits can be lowered without effects on others.
_FEW = f"""
import os, subprocess, sys
done = subprocess.run(["unshare", "--user", "--map-root-user", sys.executable, "-c", '''
import sys
open("/proc/sys/user/max_inotify_watches", "w").write("{LIMIT}")
exec(sys.stdin.read())
'''], input=sys.stdin.read(), text=True)
sys.exit(done.returncode)
"""
_PRELUDE = """
import os, sys
from pathlib import Path
from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
root = Path(os.environ["ROOT"])
def watch():
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=30)
    return monitor
"""


def _with_few_watches(root: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a user namespace that allows only a few watches."""
    can = subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False)
    if can.returncode:
        skip_missing("needs user namespaces, to lower inotify's limits")
    return subprocess.run(
        [sys.executable, "-c", _FEW],
        input=_PRELUDE + program,
        env={**os.environ, "ROOT": str(root), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_what_cannot_be_watched_is_compared(root: Path) -> None:
    """Every answer is complete, whether watches run out at the start or later."""
    for number in range(LIMIT):
        (root / "more" / str(number) / "deep").mkdir(parents=True)

    done = _with_few_watches(
        root,
        f"""
monitor = watch()
changes = monitor.query(None)
for number in range({LIMIT}):
    (root / "more" / str(number) / "deep" / "file").touch()
changes = monitor.query(bytes(changes.token))
reported = set(changes.paths)
assert {{each for each in reported if not each.endswith(b"/")}} == {{
    b"more/%d/deep/file" % number for number in range({LIMIT})
}}, changes
assert all(each.endswith((b"/deep/", b"file")) for each in reported), changes
(root / "late" / "deep").mkdir(parents=True)
changes = monitor.query(bytes(changes.token))
assert set(changes.paths) >= {{b"late/", b"late/deep/"}}, changes
(root / "late" / "deep" / "file").touch()
changes = monitor.query(bytes(changes.token))
assert b"late/deep/file" in changes.paths, changes
counts = monitor.watcher.counts()
assert counts.directories == {LIMIT}, counts
assert counts.directories + monitor.index_worker.scanned == {1 + 10 + 1 + 2 * LIMIT + 2}
assert "sudo sysctl fs.inotify.max_user_watches=" in counts.advice, counts
monitor.stop()
""",
    )

    assert done.returncode == 0, done.stderr


def test_when_the_limit_is_raised_everything_is_watched(root: Path) -> None:
    """Without a restart, and without the loss of a change."""
    for number in range(LIMIT):
        (root / "more" / str(number)).mkdir(parents=True)

    done = _with_few_watches(
        root,
        f"""
import time
monitor = watch()
token = bytes(monitor.query(None).token)
(root / "more" / "1" / "before").touch()
open("/proc/sys/user/max_inotify_watches", "w").write("1000")
while monitor.watcher.counts().directories < {1 + 10 + 1 + LIMIT}:
    monitor.tick()
    time.sleep(0.01)
(root / "more" / "2" / "after").touch()
changes = monitor.query(token)
assert set(changes.paths) == {{b"more/1/before", b"more/1/", b"more/2/after"}}, changes
assert not monitor.watcher.is_partial
(root / "more" / "3" / "later").touch()
assert monitor.query(bytes(changes.token)).paths == [b"more/3/later"]
monitor.stop()
""",
    )

    assert done.returncode == 0, done.stderr


def test_without_a_single_watch_everything_is_compared(root: Path) -> None:
    """Other programs of the user may have taken them all."""
    done = _with_few_watches(
        root,
        """
import time
limit = open("/proc/sys/user/max_inotify_watches", "w", buffering=1)
limit.write("0")
monitor = watch()
token = bytes(monitor.query(None).token)
(root / "3" / "file").touch()
changes = monitor.query(token)
assert changes.paths == [b"3/file"], changes
limit.seek(0)
limit.write("1000")
while monitor.watcher.counts().directories < 11:
    monitor.tick()
    time.sleep(0.01)
(root / "4" / "file").touch()
assert b"4/file" in monitor.query(bytes(changes.token)).paths
monitor.stop()
""",
    )

    assert done.returncode == 0, done.stderr


def test_without_an_inotify_instance_the_tree_is_compared(root: Path) -> None:
    """Other programs may have them all; the status names the command that allows more."""
    done = _with_few_watches(
        root,
        """
open("/proc/sys/user/max_inotify_instances", "w").write("0")
monitor = watch()
token = bytes(monitor.query(None).token)
(root / "3" / "file").touch()
assert "3/file" in map(os.fsdecode, monitor.query(token).paths)
print(monitor.watcher.counts().advice)
monitor.stop()
""",
    )

    assert done.returncode == 0, done.stderr
    assert "sudo sysctl fs.inotify.max_user_instances=" in done.stdout
    assert "then: fsmond restart" in done.stdout
