"""Directories cannot be opened or listed as usual."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.running import skip_missing

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform


def _failing_at(name: bytes, number: int) -> Callable[[bytes], Any]:
    """Return a scandir that fails in directories that contain a certain name."""
    real = os.scandir

    def scandir(path: bytes) -> Any:
        if name in map(os.fsencode, os.listdir(path)):
            raise OSError(number, os.strerror(number))
        return real(path)

    return scandir


def test_a_directory_that_fails_is_always_reported_and_all_others_are_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk with a broken sector, or a mount whose server died."""
    (root / "3" / "broken").touch()
    monkeypatch.setattr(os, "scandir", _failing_at(b"broken", errno.EIO))
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=30)
    token = bytes(monitor.query(None).token)

    (root / "4" / "file").touch()

    assert monitor.query(token).paths == [b"4/file", b"3/"]
    monitor.stop()


def test_a_temporary_shortage_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no descriptors for a moment; nothing is left unwatched for that."""
    left = [OSError(errno.EMFILE, "too many")] * 3
    real = os.scandir

    def scandir(path: bytes) -> Any:
        if left:
            raise left.pop()
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=30)

    assert monitor.watcher.counts().directories == 11
    monitor.stop()


def test_paths_of_any_length_are_watched(root: Path) -> None:
    """Far longer than the kernel takes in one call."""
    descriptor = os.open(root, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 200, dir_fd=descriptor)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
    monitor.start(timeout=30)
    token = bytes(monitor.query(None).token)

    os.mkdir("new", dir_fd=descriptor)
    os.close(os.open("new/file", os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)

    prefix = b"/".join([b"d" * 200] * 60) + b"/new/"
    assert sorted(monitor.query(token).paths or []) == [prefix, prefix + b"file"]
    monitor.stop()
    shutil.rmtree(root / ("d" * 200))


_MOUNTED_TWICE = """
import os, subprocess, sys
from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
root = sys.argv[1]
subprocess.run(["mount", "--bind", root + "/1", root + "/2"], check=True)
monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=10)
monitor.start(timeout=30)
token = bytes(monitor.query(None).token)
open(root + "/1/file", "w").close()
changes = monitor.query(token)
assert {*changes.paths} - {b"1/"} == {b"1/file", b"2/file"}, changes
subprocess.run(["umount", root + "/2"], check=True)
token = bytes(changes.token)
changes = monitor.query(token)
assert b"2/" in changes.paths, changes
token = bytes(changes.token)
for name in ("/1/file", "/2/file"):
    open(root + name, "w").close()
assert {*monitor.query(token).paths} - {b"1/", b"2/"} == {b"2/file", b"1/file"}
monitor.stop()
"""


def test_a_directory_that_is_mounted_twice_changes_at_both_places(root: Path) -> None:
    """Events report changes at one place; the other one is compared."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        skip_missing("needs user namespaces, to mount without effects on others")

    done = subprocess.run(
        [*command, sys.executable, "-c", _MOUNTED_TWICE, str(root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 0, done.stderr
