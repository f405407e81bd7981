"""Events that bear a name which is not the file's any more, or never was."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from backends import settle, until_built, watching

from fsmond.daemon.monitor import Monitor

if sys.platform != "linux":
    pytest.skip("names of inotify's events", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker


@pytest.fixture
def monitor(root: Path) -> Iterator[Monitor]:
    """Watch the tree by events."""
    with watching(root, "inotify") as monitor:
        until_built(monitor)
        yield monitor


def _told(monitor: Monitor, token: bytes) -> tuple[set[bytes], bytes]:
    missed = monitor.query(token)
    assert missed.paths is not None, missed.reason
    return set(missed.paths), bytes(missed.token)


@pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "the index is up to date"])
def test_a_file_is_written_by_a_name_that_went(
    monitor: Monitor, root: Path, *, refreshed: bool
) -> None:
    """As a log that is put aside by a link: the program goes on with what it has open."""
    log = root / "3" / "log"
    with log.open("w") as file:
        token = bytes(monitor.query(None).token)
        os.link(log, root / "3" / "log.1")
        log.unlink()
        _, token = _told(monitor, token)
        if refreshed:
            monitor.keeper.reconciler.refresh(monitor.keeper.reconciler.losses)

        file.write("more")
        file.flush()

        assert b"3/log.1" in _told(monitor, token)[0]


def test_a_file_that_had_no_name_is_written(monitor: Monitor, root: Path) -> None:
    """The kernel goes on to call it by its number."""
    handle = os.open(root / "3", os.O_TMPFILE | os.O_WRONLY)
    os.link(f"/proc/self/fd/{handle}", root / "3" / "g", src_dir_fd=0, follow_symlinks=True)
    _, token = _told(monitor, bytes(monitor.query(None).token))
    monitor.keeper.reconciler.refresh(monitor.keeper.reconciler.losses)

    os.write(handle, b"x")
    os.close(handle)

    assert b"3/g" in _told(monitor, token)[0]


def test_a_file_without_any_name_costs_no_other_its_answer(monitor: Monitor, root: Path) -> None:
    """Temporary files are removed while they are open, as a rule; nothing else changed then."""
    (root / "3" / "other").touch()
    file = (root / "3" / "temporary").open("w")
    (root / "3" / "temporary").unlink()
    _, token = _told(monitor, bytes(monitor.query(None).token))
    monitor.keeper.reconciler.refresh(monitor.keeper.reconciler.losses)
    (root / "3" / "other").write_text("x")
    _, token = _told(monitor, token)
    settle(root, "scanning")
    monitor.keeper.reconciler.refresh(monitor.keeper.reconciler.losses)

    file.write("x")
    file.close()

    assert b"3/other" not in _told(monitor, token)[0]


def test_what_changed_before_there_is_an_index_is_told(root: Path) -> None:
    """A record that holds the change already cannot show it."""
    log = root / "3" / "log"
    with log.open("w") as file, watching(root, "inotify") as monitor:
        token = bytes(monitor.query(None).token)
        os.link(log, root / "3" / "log.1")
        log.unlink()
        _, token = _told(monitor, token)
        file.write("more")
        file.flush()

        assert b"3/log.1" in _told(monitor, token)[0]
