"""Events with a name that the file no longer has, or never had."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.backends import until_built, wait_until_not_racy, watching

from fsmond.monitor.monitor import Monitor

if sys.platform != "linux":
    pytest.skip("needs inotify", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch the tree by events."""
    with watching(root, "inotify") as monitor:
        until_built(monitor)
        yield monitor


def _reported(monitor: Monitor, token: bytes) -> tuple[set[bytes], bytes]:
    changes = monitor.query(token)
    assert changes.paths is not None, changes.reason
    return set(changes.paths), bytes(changes.token)


@pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "the index is up to date"])
def test_a_write_through_a_removed_name_is_reported(
    monitor: Monitor, root: Path, *, refreshed: bool
) -> None:
    """As when a log is rotated by a link: the program continues with its open file."""
    log = root / "3" / "log"
    with log.open("w") as file:
        token = bytes(monitor.query(None).token)
        os.link(log, root / "3" / "log.1")
        log.unlink()
        _, token = _reported(monitor, token)
        if refreshed:
            monitor.index_worker.reconciler.refresh(monitor._tree.losses)

        file.write("more")
        file.flush()

        assert b"3/log.1" in _reported(monitor, token)[0]


def test_a_write_to_a_file_that_was_created_without_a_name_is_reported(
    monitor: Monitor, root: Path
) -> None:
    """The kernel still names it by its inode number."""
    handle = os.open(root / "3", os.O_TMPFILE | os.O_WRONLY)
    os.link(f"/proc/self/fd/{handle}", root / "3" / "g", src_dir_fd=0, follow_symlinks=True)
    _, token = _reported(monitor, bytes(monitor.query(None).token))
    monitor.index_worker.reconciler.refresh(monitor._tree.losses)

    os.write(handle, b"x")
    os.close(handle)

    assert b"3/g" in _reported(monitor, token)[0]


def test_a_write_to_a_removed_file_reports_no_other_file(monitor: Monitor, root: Path) -> None:
    """Temporary files are usually removed while they are open."""
    (root / "3" / "other").touch()
    file = (root / "3" / "temporary").open("w")
    (root / "3" / "temporary").unlink()
    _, token = _reported(monitor, bytes(monitor.query(None).token))
    monitor.index_worker.reconciler.refresh(monitor._tree.losses)
    (root / "3" / "other").write_text("x")
    _, token = _reported(monitor, token)
    wait_until_not_racy(root, "scanning")
    monitor.index_worker.reconciler.refresh(monitor._tree.losses)

    file.write("x")
    file.close()

    assert b"3/other" not in _reported(monitor, token)[0]


def test_a_change_before_the_index_is_built_is_reported(root: Path) -> None:
    """An index that already contains the change cannot show it."""
    log = root / "3" / "log"
    with log.open("w") as file, watching(root, "inotify") as monitor:
        token = bytes(monitor.query(None).token)
        os.link(log, root / "3" / "log.1")
        log.unlink()
        _, token = _reported(monitor, token)
        file.write("more")
        file.flush()

        assert b"3/log.1" in _reported(monitor, token)[0]
