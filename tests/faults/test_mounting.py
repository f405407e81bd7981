"""File systems are mounted in a watched tree, and unmounted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import LONG, skip_missing

PRELUDE = """
import os, subprocess, sys, time
from pathlib import Path
from fsmond.monitor.monitor import Monitor
from fsmond.watching.inotify import mounts
from fsmond.watching.choice import watcher_for_platform
root = Path(sys.argv[1])

def mount(name):
    subprocess.run(["mount", "-t", "tmpfs", "none", root / name], check=True)

def unmount(name):
    subprocess.run(["umount", root / name], check=True)

def watch():
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=10)
    wait_for_index(monitor)
    return monitor

def wait_for_index(monitor):
    # Without an index, a mount with no events means that everything may have changed.
    while not monitor.index_worker.built:
        time.sleep(0.01)

def ask(monitor, token=None):
    changes = monitor.query(token and bytes(token))
    return set(changes.paths or ()), changes.token
"""

MOUNTED_AND_UNMOUNTED = """
monitor = watch()
(root / "3" / "below").touch()
paths, token = ask(monitor)
mount("3")
paths, token = ask(monitor, token)
assert b"3/" in paths, paths
(root / "3" / "dir").mkdir()
paths, token = ask(monitor, token)
(root / "3" / "dir" / "file").touch()
paths, token = ask(monitor, token)
assert paths == {b"3/dir/file"}, paths
unmount("3")
paths, token = ask(monitor, token)
assert b"3/" in paths, paths
(root / "3" / "after").touch()
paths, token = ask(monitor, token)
assert paths == {b"3/after"}, paths
"""

WITHOUT_EVENTS = """
mounts._WITHOUT_EVENTS += " tmpfs"
monitor = watch()
paths, token = ask(monitor)
mount("3")
(root / "3" / "dir").mkdir()
paths, token = ask(monitor, token)
assert paths >= {b"3/", b"3/dir/"}, paths
assert monitor.watcher.is_partial
(root / "3" / "dir" / "file").touch()
(root / "4" / "file").touch()
paths, token = ask(monitor, token)
assert paths - {b"3/"} == {b"3/dir/file", b"3/dir/", b"4/file"}, paths
assert monitor.index_worker.scanned == 2
assert "does not report changes made by others" in monitor.watcher.counts().advice
unmount("3")
paths, token = ask(monitor, token)
assert b"3/" in paths, paths
(root / "3" / "after").touch()
paths, token = ask(monitor, token)
assert b"3/after" in paths, paths
assert not monitor.watcher.is_partial
"""

ROOT_WITHOUT_EVENTS = """
mounts._WITHOUT_EVENTS += " tmpfs"
mount(".")
os.chdir(root)
(root / "dir").mkdir()
time.sleep(0.05)  # then another change in the root gets another timestamp
monitor = watch()
paths, token = ask(monitor)
(root / "dir" / "file").touch()
paths, token = ask(monitor, token)
assert paths == {b"dir/file", b"dir/"}, paths
assert monitor.watcher.counts().directories == 0
assert "--watch=events" in monitor.watcher.counts().advice
"""

A_FILE = """
(root / "3" / "file").touch()
source = root.parent / "source"
source.write_text("0")
monitor = watch()
paths, token = ask(monitor)
subprocess.run(["mount", "--bind", source, root / "3" / "file"], check=True)
paths, token = ask(monitor, token)
assert paths == {b"3/file"}, paths
source.write_text("by the source")
paths, token = ask(monitor, token)
assert paths == {b"3/file"}, paths
(root / "3" / "file").write_text("by the place")
paths, token = ask(monitor, token)
assert paths == {b"3/file"}, paths
assert monitor.index_worker.verify(time.monotonic() + 10).differences == []
subprocess.run(["umount", root / "3" / "file"], check=True)
paths, token = ask(monitor, token)
assert paths == {b"3/file"}, paths
assert not monitor.watcher.is_partial
"""

BELOW_ITSELF = """
(root / "3" / "b").mkdir()
(root / "4" / "file").touch()
monitor = watch()
paths, token = ask(monitor)
subprocess.run(["mount", "--bind", root, root / "3" / "b"], check=True)
paths, token = ask(monitor, token)
(root / "4" / "file").write_text("x")
paths, token = ask(monitor, token)
assert paths >= {b"4/file", b"3/b/4/file"}, paths
(root / "3" / "b" / "5" / "new").touch()
paths, token = ask(monitor, token)
assert paths >= {b"5/new", b"3/b/5/new"}, paths
subprocess.run(["umount", root / "3" / "b"], check=True)
paths, token = ask(monitor, token)
assert b"3/b/" in paths, paths
assert not monitor.watcher.is_partial
"""

MOVES_WITH_A_DIRECTORY = """
mounts._WITHOUT_EVENTS += " tmpfs"
(root / "3" / "far").mkdir()
monitor = watch()
mount("3/far")
paths, token = ask(monitor)
(root / "3").rename(root / "4" / "moved")
paths, token = ask(monitor, token)
(root / "4" / "moved" / "far" / "new").touch()
paths, token = ask(monitor, token)
assert b"4/moved/far/new" in paths, paths
assert monitor.watcher.unwatched() == [b"4/moved/far/"], monitor.watcher.unwatched()
unmount("4/moved/far")
"""

ODD_NAMES = """
for byte in (*range(1, 47), *range(48, 256)):
    name = b"3/x" + bytes([byte])
    path = os.fsencode(root) + b"/" + name
    os.mkdir(path)
    subprocess.run([b"mount", b"-t", b"tmpfs", b"none", path], check=True)
monitor = watch()
paths, token = ask(monitor)
assert monitor.watcher.counts().directories == 11 + 254, monitor.watcher.counts()
assert len(mounts.Mounts(os.fsencode(root)).below) == 254
mount("4")
paths, token = ask(monitor, token)
assert paths == {b"4/"}, paths
"""

WITHOUT_PROC = """
subprocess.run(["mount", "-t", "tmpfs", "none", "/proc"], check=True)
monitor = watch()
paths, token = ask(monitor)
(root / "3" / "new").touch()
paths, token = ask(monitor, token)
assert b"3/new" in paths, paths
assert "/proc" in monitor.watcher.counts().advice
"""

PROC_REMOVED = """
monitor = watch()
paths, token = ask(monitor)
(root / "3" / "new").mkdir()
paths, token = ask(monitor, token)
subprocess.run(["mount", "-t", "tmpfs", "none", "/proc"], check=True)
(root / "3" / "new").rename(root / "3" / "newer")
(root / "3" / "newer" / "file").touch()
changes = monitor.query(bytes(token))
assert changes.paths is None or b"3/newer/file" in changes.paths, changes
"""

HANGS = """
server = subprocess.Popen(
    [sys.executable, os.environ["HANGING"], root / "3"], stdin=-1, stdout=-1
)
assert server.stdout.readline() == b"mounted\\n"
monitor = Monitor(os.fsencode(root), watcher_for_platform)
monitor.start(timeout=10)
wait_for_index(monitor)
paths, token = ask(monitor)
(root / "4" / "new").touch()
began = time.monotonic()
changes = monitor.query(bytes(token))
assert time.monotonic() - began < 1
assert set(changes.paths) >= {b"3/", b"4/new"}, changes
changes = monitor.query(bytes(changes.token))
assert set(changes.paths) == {b"3/", b"3/.fsmond"}, changes
(root / "5").mkdir(exist_ok=True)
(root / "5" / "new").touch()
changes = monitor.query(bytes(changes.token))
assert set(changes.paths) == {b"3/", b"3/.fsmond", b"5/new"}, changes
began = time.monotonic()
monitor.stop()
assert time.monotonic() - began < 5
server.kill()
server.wait()
"""

SCENES = {
    "mounted and unmounted": MOUNTED_AND_UNMOUNTED,
    "without events": WITHOUT_EVENTS,
    "the root without events": ROOT_WITHOUT_EVENTS,
    "a file": A_FILE,
    "below itself": BELOW_ITSELF,
    "moves with a directory": MOVES_WITH_A_DIRECTORY,
    "odd names": ODD_NAMES,
    "hangs": HANGS,
    "without /proc": WITHOUT_PROC,
    "/proc is removed": PROC_REMOVED,
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_mount_is_noticed(root: Path, scene: str) -> None:
    """It has no event; a file system without events is compared."""
    if scene is HANGS and not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("needs /dev/fuse")
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        skip_missing("needs user namespaces, to mount without effects on others")

    done = subprocess.run(
        [*command, sys.executable, "-c", f"{PRELUDE}{scene}monitor.stop()\n", str(root)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HANGING": str(Path(__file__).with_name("hanging.py")),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )

    assert done.returncode == 0, done.stderr
