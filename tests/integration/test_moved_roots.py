"""The watched directory itself is moved or replaced: no event reports that."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from support.running import fsmond, no_daemon_left, status, until
from support.systems import IS_WINDOWS

from fsmond.client import Client
from fsmond.errors import NotRunningError
from fsmond.monitor.monitor import Monitor
from fsmond.process.alive import is_running
from fsmond.watching.choice import How, watcher_for_platform


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Make a directory that is no worktree, inside another one."""
    root = tmp_path / "above" / "root"
    (root / "folder").mkdir(parents=True)
    with no_daemon_left(root):
        yield root


def _has(paths: list[bytes], path: bytes) -> bool:
    return path in paths or any(path.startswith(each) for each in paths if each.endswith(b"/"))


def test_changes_in_a_directory_that_replaced_the_root_are_reported(root: Path) -> None:
    """Clients name it by its path, but the daemon's watches are on the old directory."""
    client = Client(root)
    token = client.query().token
    token = client.query(since=token).token
    root.rename(root.with_name("aside"))
    root.mkdir()
    (root / "new").touch()

    answer = client.query(since=token)

    assert answer.everything or _has(answer.paths or [], b"new")


def test_a_root_that_is_moved_back_has_changed_altogether(root: Path) -> None:
    """The token was given while another directory was in its place.

    If that directory was compared, as a scan does, all that differs is as good an answer.
    """
    client = Client(root)
    (root / "first").touch()
    token = client.query().token
    root.rename(root.with_name("aside"))
    shutil.copytree(root.with_name("aside"), root)
    token = client.query(since=token).token
    root.rename(root.with_name("second"))
    root.with_name("aside").rename(root)

    answer = client.query(since=token)
    assert answer.everything or {b"first", b"folder/"} <= set(answer.paths or ())


@pytest.mark.parametrize("how", ["events", "scan"])
def test_moving_a_parent_directory_away_and_back_loses_no_change(root: Path, how: How) -> None:
    """Meanwhile a new directory cannot be found by its path in the tree."""
    above, moved = root.parent, root.parent.with_name("moved")
    monitor = Monitor(os.fsencode(root), partial(watcher_for_platform, how=how), timeout=10)
    try:
        monitor.start(timeout=10)
        token = bytes(monitor.query(bytes(monitor.query(None).token)).token)
        above.rename(moved)
        (moved / "root" / "new").mkdir()
        monitor.watcher.sync(time.monotonic() + 10)
        moved.rename(above)
        (root / "new" / "file").touch()

        answer = monitor.query(token)
    finally:
        monitor.stop()

    assert answer.paths is None or _has(answer.paths or [], b"new/file")


def test_a_moved_repository_gets_a_new_daemon(tmp_path: Path) -> None:
    """On Unix its socket moves with it; the daemon ends, and removes it."""
    root, moved = tmp_path / "root", tmp_path / "moved"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").touch()
    with no_daemon_left(moved):
        token = Client(root).query().token
        pid = status(root)["pid"]
        root.rename(moved)
        (moved / "new").touch()

        with suppress(NotRunningError):  # the old daemon may have ended by now
            first = Client(moved, start=IS_WINDOWS).query(since=token)
            assert first.everything or _has(first.paths or [], b"new")

        until(lambda: not is_running(pid))
        assert not (moved / ".git" / "fsmonitor--daemon.ipc").exists()
        token = Client(moved).query().token
        (moved / "second").touch()
        answer = Client(moved).query(since=token)
        assert answer.paths == [b"second"] or answer.reason == "degraded"  # where it is scanned
        assert fsmond("stop", moved).returncode == 0
