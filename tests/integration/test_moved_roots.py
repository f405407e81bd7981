"""The watched directory is moved or replaced as a whole: no event tells of it."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from running import fsmond, no_daemon_left, status, until
from systems import IS_WINDOWS

from fsmond.client import Client
from fsmond.daemon.alive import lives
from fsmond.daemon.monitor import Monitor
from fsmond.errors import NotRunningError
from fsmond.watching.choice import How, watcher_for_platform


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Provide a watched directory that is no worktree, below another one."""
    root = tmp_path / "above" / "root"
    (root / "folder").mkdir(parents=True)
    with no_daemon_left(root):
        yield root


def _has(told: list[bytes], path: bytes) -> bool:
    return path in told or any(path.startswith(each) for each in told if each.endswith(b"/"))


def test_a_directory_in_the_place_of_the_root_is_another_one(root: Path) -> None:
    """It is asked by its name, and the daemon's watches are on the one that went."""
    client = Client(root)
    token = client.query().token
    token = client.query(since=token).token
    root.rename(root.with_name("aside"))
    root.mkdir()
    (root / "new").touch()

    answer = client.query(since=token)

    assert answer.everything or _has(answer.paths, b"new")


def test_the_first_one_that_comes_back_is_not_believed(root: Path) -> None:
    """Its daemon told of the other one in between, if only that it knows nothing."""
    client = Client(root)
    (root / "first").touch()
    token = client.query().token
    root.rename(root.with_name("aside"))
    shutil.copytree(root.with_name("aside"), root)
    token = client.query(since=token).token
    root.rename(root.with_name("second"))
    root.with_name("aside").rename(root)

    assert client.query(since=token).everything


@pytest.mark.parametrize("how", ["events", "scan"])
def test_a_directory_above_that_is_moved_takes_all_with_it(root: Path, how: How) -> None:
    """What is made there can't be found by its path, and then all comes back in a moment."""
    above, moved = root.parent, root.parent.with_name("moved")
    monitor = Monitor(os.fsencode(root), partial(watcher_for_platform, how=how), patience=10)
    try:
        monitor.start(patience=10)
        token = bytes(monitor.query(bytes(monitor.query(None).token)).token)
        above.rename(moved)
        (moved / "root" / "new").mkdir()
        monitor.watcher.sync(time.monotonic() + 10)
        moved.rename(above)
        (root / "new" / "file").touch()

        answer = monitor.query(token)
    finally:
        monitor.stop()

    assert answer.paths is None or _has(answer.paths, b"new/file")


def test_a_repository_is_watched_anew_where_it_was_moved_to(tmp_path: Path) -> None:
    """Its socket moved with it, where it is a file; the daemon ends, and leaves none behind."""
    root, moved = tmp_path / "root", tmp_path / "moved"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").touch()
    with no_daemon_left(moved):
        token = Client(root).query().token
        pid = status(root)["pid"]
        root.rename(moved)
        (moved / "new").touch()

        with suppress(NotRunningError):  # that one may have ended by now
            first = Client(moved, start=IS_WINDOWS).query(since=token)
            assert first.everything or _has(first.paths, b"new")

        until(lambda: not lives(pid))
        assert not (moved / ".git" / "fsmonitor--daemon.ipc").exists()
        token = Client(moved).query().token
        (moved / "second").touch()
        told = Client(moved).query(since=token)
        assert told.paths == [b"second"] or told.reason == "degraded"  # where it is compared
        assert fsmond("stop", moved).returncode == 0
