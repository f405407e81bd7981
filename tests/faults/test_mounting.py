"""What is mounted in a watched tree, and what is unmounted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import LONG, lack

PRELUDE = """
import os, subprocess, sys, time
from pathlib import Path
from fsmond.daemon.monitor import Monitor
from fsmond.watching import mounts
from fsmond.watching.choice import watcher_for_platform
root = Path(sys.argv[1])

def mount(name):
    subprocess.run(["mount", "-t", "tmpfs", "none", root / name], check=True)

def unmount(name):
    subprocess.run(["umount", root / name], check=True)

def watch():
    monitor = Monitor(os.fsencode(root), watcher_for_platform, patience=10)
    monitor.start(patience=10)
    return monitor

def ask(monitor, token=None):
    missed = monitor.query(token and bytes(token))
    return set(missed.paths or ()), missed.token
"""

COMES_AND_GOES = """
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

TELLS_NOTHING = """
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
assert monitor.keeper.scanned == 2
assert "does not tell of others' changes" in monitor.watcher.counts().advice
unmount("3")
paths, token = ask(monitor, token)
assert b"3/" in paths, paths
(root / "3" / "after").touch()
paths, token = ask(monitor, token)
assert b"3/after" in paths, paths
assert not monitor.watcher.is_partial
"""

ROOT_TELLS_NOTHING = """
mounts._WITHOUT_EVENTS += " tmpfs"
mount(".")
os.chdir(root)
(root / "dir").mkdir()
time.sleep(0.05)  # until another change in the root would leave another time
monitor = watch()
paths, token = ask(monitor)
(root / "dir" / "file").touch()
paths, token = ask(monitor, token)
assert paths == {b"dir/file", b"dir/"}, paths
assert monitor.watcher.counts().directories == 0
assert "--watch=events" in monitor.watcher.counts().advice
"""


@pytest.mark.parametrize(
    "scene",
    [COMES_AND_GOES, TELLS_NOTHING, ROOT_TELLS_NOTHING],
    ids=["comes and goes", "tells nothing", "the root tells nothing"],
)
def test_a_mount_is_noticed(root: Path, scene: str) -> None:
    """No event tells of it; what is on a file system that tells nothing is compared."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        lack("needs user namespaces, to mount without harm")

    done = subprocess.run(
        [*command, sys.executable, "-c", f"{PRELUDE}{scene}monitor.stop()\n", str(root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )

    assert done.returncode == 0, done.stderr
