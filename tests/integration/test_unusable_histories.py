"""What is stored is not used, or nothing can be stored: the tree is watched all the same."""

import errno
import logging
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.backends import TIMEOUT
from support.restarts import (
    answer_after,
    file_for,
    make_tree,
    monitored,
    store_of,
    token_before,
    token_of,
    until_stored,
    without_refresh,
)
from support.running import until

from fsmond.index import reading
from fsmond.index import tree as tree_module
from fsmond.index.tree import Index
from fsmond.journal.history import Summary
from fsmond.monitor import history_store
from fsmond.monitor import monitor as monitor_module
from fsmond.monitor.monitor import Monitor
from fsmond.storage import file as file_module
from fsmond.watching.choice import watcher_for_platform

CLOCK = "the clock was set back since it was written"
HOUR = 3_600_000_000_000  # nanoseconds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a tree."""
    make_tree(tmp_path / "root")
    return tmp_path / "root"


def shifted(nanoseconds: int) -> Any:
    """Return the module `time`, with a clock that is ahead."""
    return SimpleNamespace(
        **{name: getattr(time, name) for name in ("time", "monotonic", "sleep")},
        time_ns=lambda: time.time_ns() + nanoseconds,
    )


def refused(root: Path, token: bytes, reason: str) -> bytes:
    """Check that a token gets everything, for a reason; return a new one once it is stored."""
    with monitored(root) as monitor:
        changes = monitor.query(token)
        status = monitor.history_status()
        newer = token_of(monitor)
        until_stored(monitor)
        is_stored = monitor.history_status().stored

    assert (changes.paths, changes.reason) == (None, "restart")
    assert not status.loaded
    assert reason in str(status.reason)
    assert is_stored
    return newer


def test_a_history_from_the_future_is_not_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By times that were set back, a change cannot be told."""
    monkeypatch.setattr(history_store, "time", shifted(HOUR))
    token = token_before(root)
    monkeypatch.undo()

    newer = refused(root, token, CLOCK)

    assert answer_after(root, newer) == set()


def test_sequences_from_the_future_are_not_used(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was set back while the earlier monitor ran."""
    monkeypatch.setattr(monitor_module, "time", shifted(HOUR))
    token = token_before(root)
    monkeypatch.undo()

    newer = refused(root, token, CLOCK)

    assert answer_after(root, newer) == set()


def test_no_change_is_missed_after_the_clock_was_set_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the new history has reported, and that is in no index, is gone later."""
    monkeypatch.setattr(monitor_module, "time", shifted(HOUR))
    token_before(root)
    monkeypatch.undo()
    with monitored(root) as monitor:
        token = token_of(monitor)
        (root / "dir/brief").touch()
        changes = monitor.query(token)
        assert b"dir/brief" in (changes.paths or ())
        without_refresh(monitor)
    (root / "dir/brief").unlink()

    assert b"dir/brief" in answer_after(root, bytes(changes.token))


def test_a_damaged_history_is_replaced(root: Path) -> None:
    """The reason is shown until the monitor ends."""
    token = token_before(root)
    path = root.parent / "store" / "history"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)

    newer = refused(root, token, "it is damaged")

    assert answer_after(root, newer) == set()


def test_a_history_of_another_tree_is_replaced(root: Path, tmp_path: Path) -> None:
    """Somebody copied the folder."""
    make_tree(tmp_path / "elsewhere" / "root")
    token = token_before(tmp_path / "elsewhere" / "root")
    (tmp_path / "elsewhere" / "store").rename(tmp_path / "store")

    newer = refused(root, token, "it is of another tree: its path differs")

    assert answer_after(root, newer) == set()


def test_a_history_whose_state_makes_no_sense_is_replaced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checksums are right: another release wrote it."""
    without = Summary._asdict
    monkeypatch.setattr(Summary, "_asdict", lambda summary: {**without(summary), "more": 1})
    token = token_before(root)
    monkeypatch.undo()

    refused(root, token, "it is damaged")


def test_a_root_that_cannot_be_read_for_a_moment_is_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when too many files are open; without a history that is retried, too."""
    token = token_before(root)
    fails = [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]
    restore = Index.restore

    def restore_at_second_try(index: Index, records: Any) -> None:
        while fails:
            raise fails.pop()
        restore(index, records)

    monkeypatch.setattr(Index, "restore", restore_at_second_try)
    with monitored(root, built=False) as monitor:
        until(lambda: monitor.index_worker.built or monitor.reports.ended)
        assert monitor.reports.ended is None
        newer = monitor.query(token)
        (root / "dir/new").touch()
        changes = monitor.query(bytes(newer.token))

    assert newer.reason in (None, "restart")
    assert b"dir/new" in (changes.paths or ())


def test_on_a_full_disk_the_tree_is_watched(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, shown in the status, and tried again."""
    full, names = [True], {b"dir/%d" % number for number in range(5)}
    write = os.write

    def write_if_there_is_room(descriptor: int, data: Any) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    stub = SimpleNamespace(**{name: getattr(os, name) for name in dir(os)})
    stub.write = write_if_there_is_room
    monkeypatch.setattr(file_module, "os", stub)
    monkeypatch.setattr(history_store, "_RETRY_INTERVAL", 0.0)
    caplog.set_level(logging.INFO)
    with monitored(root) as monitor:
        token = token_of(monitor)
        store = store_of(monitor)
        for number in range(5):
            (root / f"dir/{number}").touch()
            monitor.query(None)
            store._not_before = 0.0
            store.tick()
            until(lambda: not store._wake.is_set() and store._has_failed)
        status = monitor.history_status()
        assert set(monitor.query(token).paths or ()) >= names
        full.clear()
        until_stored(monitor)
        assert monitor.history_status().reason is None
        assert monitor.history_status().stored

    assert (status.stored, status.age_seconds) == (False, None)
    assert os.strerror(errno.ENOSPC) in str(status.reason)
    said = [record.message for record in caplog.records if "history" in record.name]
    assert [each.partition(":")[0] for each in said] == [
        "the history cannot be stored",
        "the history is stored again",
    ]
    assert answer_after(root, token) >= names


def test_if_another_process_has_the_folder_nothing_is_stored(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in two containers that share a tree; each of them watches it."""
    monkeypatch.setattr(history_store, "_LOCK_TIMEOUT", 0.05)
    other = file_for(root)
    other.open()
    try:
        with monitored(root) as monitor:
            token = token_of(monitor)
            (root / "dir/new").touch()
            assert b"dir/new" in (monitor.query(token).paths or ())
            status = monitor.history_status()
    finally:
        other.close()

    assert (status.stored, status.path, status.loaded) == (False, None, False)
    assert status.reason == f"another process uses {root.parent / 'store'}"


def test_without_a_store_the_status_says_why(root: Path) -> None:
    """Nothing is loaded or written."""
    monitor = Monitor(os.fsencode(root), watcher_for_platform, timeout=TIMEOUT)
    monitor.why_not_stored = "it is not wanted"
    monitor.start(timeout=TIMEOUT)
    status = monitor.history_status()
    monitor.stop()

    assert status == (False, None, 0, None, False, "it is not wanted")
    assert not (root.parent / "store").exists()


@pytest.mark.parametrize("below", [False, True])
def test_the_number_of_a_device_may_change(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, below: bool
) -> None:
    """As when the machine restarts; what is on another device than the root is not believed."""
    token = token_before(root)

    def with_device(status: Any) -> Any:
        names = [name for name in dir(status) if name.startswith("st_")]
        fields = {name: getattr(status, name) for name in names}
        return SimpleNamespace(**{**fields, "st_dev": fields["st_dev"] + 77})

    other = (root / "dir").stat().st_ino
    stat, scan = vars(tree_module)["stat"], vars(reading)["scan"]

    def is_moved(status: Any) -> bool:
        return not below or status.st_ino == other

    def stat_there(handle: Any) -> Any:
        status = stat(handle)
        return with_device(status) if is_moved(status) else status

    class Entry:
        def __init__(self, entry: Any) -> None:
            self.name, self._entry = entry.name, entry

        def stat(self, *, follow_symlinks: bool) -> Any:
            status = self._entry.stat(follow_symlinks=follow_symlinks)
            return with_device(status) if is_moved(status) else status

    class Entries:
        def __init__(self, handle: Any) -> None:
            self._entries = scan(handle)

        def __enter__(self) -> Any:
            return map(Entry, self._entries.__enter__())

        def __exit__(self, *error: object) -> None:
            self._entries.__exit__(*error)

    monkeypatch.setattr(tree_module, "stat", stat_there)
    monkeypatch.setattr(reading, "scan", Entries)
    with monitored(root) as monitor:
        changes = monitor.query(token)

    expected = {b"dir/", b"dir/one", b"dir/deep/"} if below else set[bytes]()
    assert set(changes.paths or ()) >= expected
    assert below or changes.paths == []
