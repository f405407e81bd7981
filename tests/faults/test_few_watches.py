"""The limits of inotify and fanotify are too low for a tree."""

import os
import subprocess
import sys
from pathlib import Path

from support.backends import skip_without_fanotify
from support.running import LONG, skip_missing

LIMIT = 40  # watches, in the tests that have too few
# In a user namespace of its own, the limits can be lowered without effects on others.
_FEW = f"""
import os, subprocess, sys
done = subprocess.run(["unshare", "--user", "--map-root-user", sys.executable, "-c", '''
import sys
open("/proc/sys/user/max_inotify_watches", "w").write("{LIMIT}")
open("/proc/sys/user/max_fanotify_groups", "w").write(sys.argv[1])
exec(sys.stdin.read())
''', sys.argv[1]], input=sys.stdin.read(), text=True)
sys.exit(done.returncode)
"""
_PRELUDE = """
import os, sys
from functools import partial
from pathlib import Path
from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
root = Path(os.environ["ROOT"])
def watch(how="auto"):
    monitor = Monitor(os.fsencode(root), partial(watcher_for_platform, how=how), timeout=10)
    monitor.start(timeout=30)
    return monitor
"""


def _with_few_watches(root: Path, program: str, *, groups: int = 0) -> str:
    """Run a program in a user namespace that allows few watches, and so many fanotify groups.

    Return its output; fail the test if it fails.
    """
    if groups:
        skip_without_fanotify()
    can = subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False)
    if can.returncode:
        skip_missing("needs user namespaces, to lower inotify's limits")
    done = subprocess.run(
        [sys.executable, "-c", _FEW, str(groups)],
        input=_PRELUDE + program,
        env={**os.environ, "ROOT": str(root), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _make_more(root: Path) -> None:
    """Make more directories than there are watches."""
    for number in range(LIMIT):
        (root / "more" / str(number) / "deep").mkdir(parents=True)


def test_what_cannot_be_watched_is_compared(root: Path) -> None:
    """Every answer is complete, whether watches run out at the start or later."""
    _make_more(root)

    _with_few_watches(
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


def test_when_the_limit_is_raised_everything_is_watched(root: Path) -> None:
    """Without a restart, and without the loss of a change."""
    for number in range(LIMIT):
        (root / "more" / str(number)).mkdir(parents=True)

    _with_few_watches(
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


def test_without_a_single_watch_everything_is_compared(root: Path) -> None:
    """Other programs of the user may have taken them all."""
    _with_few_watches(
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


def test_without_an_inotify_instance_the_tree_is_compared(root: Path) -> None:
    """Other programs may have them all; the status names the command that allows more."""
    output = _with_few_watches(
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

    assert "sudo sysctl fs.inotify.max_user_instances=" in output
    assert "then: fsmond restart" in output


def test_fanotify_watches_what_inotify_has_no_room_for(root: Path) -> None:
    """Whatever moves from the one to the other; also when there is room again."""
    _make_more(root)
    _with_few_watches(
        root,
        f"""
monitor = watch()
def changed():
    global token
    changes = monitor.query(token)
    token = bytes(changes.token)
    return set(changes.paths)
token = bytes(monitor.query(None).token)
assert monitor.watcher.counts().directories == {1 + 10 + 1 + 2 * LIMIT}
assert not monitor.watcher.is_partial
for number in range({LIMIT}):
    (root / "more" / str(number) / "deep" / "file").touch()
assert changed() == {{b"more/%d/deep/file" % number for number in range({LIMIT})}}
os.rename(root / "1", root / "more" / "39" / "deep" / "one")
os.rename(root / "more" / "38", root / "2" / "eight")
changed()
(root / "more" / "39" / "deep" / "one" / "file").touch()
(root / "2" / "eight" / "deep" / "file").write_text("changed")
assert changed() == {{b"more/39/deep/one/file", b"2/eight/deep/file"}}
open("/proc/sys/user/max_inotify_watches", "w").write("1000")
(root / "2" / "eight" / "deep").chmod(0o700)
changed()
(root / "2" / "eight" / "deep" / "new").mkdir()
(root / "2" / "eight" / "deep" / "file").write_text("again")
assert changed() == {{b"2/eight/deep/new/", b"2/eight/deep/file"}}
assert monitor.watcher.counts().directories == {1 + 10 + 1 + 2 * LIMIT + 1}
monitor.stop()
""",
        groups=9,
    )


def test_when_fanotify_has_no_room_either_the_rest_is_compared(root: Path) -> None:
    """As without it; the status names the limit of inotify, which is the usual one."""
    _make_more(root)
    _with_few_watches(
        root,
        f"""
open("/proc/sys/user/max_fanotify_marks", "w").write("20")
monitor = watch()
token = bytes(monitor.query(None).token)
for number in range({LIMIT}):
    (root / "more" / str(number) / "deep" / "file").touch()
reported = set(monitor.query(token).paths)
assert {{each for each in reported if not each.endswith(b"/")}} == {{
    b"more/%d/deep/file" % number for number in range({LIMIT})
}}, reported
counts = monitor.watcher.counts()
assert counts.directories == {LIMIT} + 20, counts
assert "sudo sysctl fs.inotify.max_user_watches=" in counts.advice, counts
monitor.stop()
""",
        groups=9,
    )


def test_without_an_inotify_instance_fanotify_is_used(root: Path) -> None:
    """Other programs may have them all."""
    _with_few_watches(
        root,
        """
open("/proc/sys/user/max_inotify_instances", "w").write("0")
monitor = watch()
token = bytes(monitor.query(None).token)
(root / "3" / "file").touch()
assert monitor.query(token).paths == [b"3/file"]
assert monitor.watcher.counts() == (11, 1, None, 0), monitor.watcher.counts()
monitor.stop()
""",
        groups=9,
    )


def test_fanotify_alone_names_its_own_limit(root: Path) -> None:
    """What it has no mark for is compared."""
    _with_few_watches(
        root,
        """
open("/proc/sys/user/max_fanotify_marks", "w").write("5")
monitor = watch("fanotify")
token = bytes(monitor.query(None).token)
for number in range(10):
    (root / str(number) / "file").touch()
reported = set(monitor.query(token).paths)
assert reported >= {b"%d/file" % number for number in range(10)}, reported
counts = monitor.watcher.counts()
assert counts.directories == 5, counts
assert "sudo sysctl fs.fanotify.max_user_marks=" in counts.advice, counts
monitor.stop()
""",
        groups=9,
    )


def test_without_fanotify_its_choice_says_why(root: Path) -> None:
    """And the tree is compared."""
    output = _with_few_watches(
        root,
        """
monitor = watch("fanotify")
token = bytes(monitor.query(None).token)
(root / "3" / "file").touch()
assert "3/file" in map(os.fsdecode, monitor.query(token).paths)
print(monitor.watcher.counts().advice)
monitor.stop()
""",
    )

    assert "sudo sysctl fs.fanotify.max_user_groups=" in output
