"""Monitors that continue each other's history."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.backends import TIMEOUT, until_built
from support.running import until
from support.trees.steps import TIMESTAMP_STEP
from support.wine import is_wine

from fsmond.monitor.history_store import HistoryStore
from fsmond.monitor.monitor import Monitor
from fsmond.storage.file import HistoryFile
from fsmond.storage.identity import identity_of
from fsmond.watching.choice import watcher_for_platform

EXCLUDED = frozenset({b".git"})


def make_tree(root: Path) -> None:
    """Make a tree whose files are old enough to be compared by their times."""
    for name in ("plain", "dir/one", "dir/deep/two", "other/three", "quiet/four"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    wait_for_another_time(root)


def file_for(root: Path) -> HistoryFile:
    """Return the file of a tree's history, in a folder beside it."""
    return HistoryFile(str(root.parent / "store"), identity_of(os.fsencode(root), None))


def store_of(monitor: Monitor) -> HistoryStore:
    """Return the monitor's store."""
    assert monitor._store is not None
    return monitor._store


def wait_for_another_time(root: Path) -> None:
    """Wait until what changes from now on gets another time than what is there."""
    newest = max(os.lstat(path).st_ctime for path in (root, *root.rglob("*")))
    until(lambda: time.time() > newest + TIMESTAMP_STEP)


@contextmanager
def monitored(root: Path, *, save: bool = True, built: bool = True) -> Iterator[Monitor]:
    """Watch a tree, with a store beside it; at the end, save what is new, or do as a kill does."""
    base = os.fsencode(root)
    if is_wine():
        wait_for_another_time(root)  # else a scan reports directories once more
    monitor = Monitor(base, watcher_for_platform, excluded=EXCLUDED, timeout=TIMEOUT)
    store = monitor.store_in(file_for(root))
    try:
        monitor.start(timeout=TIMEOUT)
        if built:
            until_built(monitor)
        yield monitor
    finally:
        if not save:
            store.stop(save=False)
            monitor._store = None
        monitor.stop()


def until_stored(monitor: Monitor) -> None:
    """Wait until the newest token is stored."""

    def is_stored() -> bool:
        monitor.tick()
        return store_of(monitor)._saved == monitor._journal.token[:2]

    until(is_stored)


def token_of(monitor: Monitor) -> bytes:
    """Return a new token, as a client keeps it."""
    return bytes(monitor.query(None).token)


def token_before(root: Path) -> bytes:
    """Watch a tree until a token is stored; return it."""
    with monitored(root) as monitor:
        return token_of(monitor)


def answer_after(root: Path, token: bytes) -> set[bytes]:
    """Watch a tree again; return what changed since the token, which must be exact."""
    with monitored(root) as monitor:
        changes = monitor.query(token)
        assert monitor.history_status().loaded, monitor.history_status()
    assert changes.paths is not None, changes.reason
    assert len(changes.paths) == len(set(changes.paths))
    return set(changes.paths)


def without_refresh(monitor: Monitor) -> None:
    """Have the index not brought up to date at the end, as if there were no time for it."""
    monitor.index_worker.refresh_finally = _do_nothing  # type: ignore[method-assign] # in its place


def _do_nothing(timeout: float) -> None:
    """Stand in for `refresh_finally`."""
