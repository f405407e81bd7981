"""The guarantee, tested in every order in which queries, watcher, index and programs can act.

Every change that completed before a query began is in its answer, or in an earlier answer to the
same client.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.stepping import Interleaving, SteppedCondition, SteppedLock, interleavings

from fsmond.index.tree import Index
from fsmond.monitor import index_worker as worker_module
from fsmond.monitor import tree_state as state_module
from fsmond.monitor.monitor import Changes, Monitor
from fsmond.watching.choice import How, watcher_for_platform

if sys.platform != "linux":
    pytest.skip("needs the steps of inotify's watcher", allow_module_level=True)

from fsmond.watching.inotify import coverage as coverage_module

LONG = 30.0  # seconds
Do = Callable[[Path], object]
Change = tuple[Do, bytes]
"""An operation, and the path that must be reported."""


class Client:
    """Queries repeatedly, each time with the token of the last answer."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._token: bytes | None = None
        self.log: list[bytes | Changes | None] = []
        """Changes, queries (None) and answers, in their order."""

    def ask(self) -> None:
        self.log.append(None)
        changes = self._monitor.query(self._token)
        self._token = bytes(changes.token)
        self.log.append(changes)

    def check(self) -> None:
        """Check that the answers keep the guarantee."""
        for at, path in enumerate(self.log):
            if isinstance(path, bytes):
                asked = self.log.index(None, at)
                end = next(
                    number
                    for number, each in enumerate(self.log)
                    if number > asked and isinstance(each, Changes)
                )
                reported = [each for each in self.log[at : end + 1] if isinstance(each, Changes)]
                assert any(_reports(changes, path) for changes in reported), (
                    f"{path!r} is not in {reported}"
                )


def _reports(changes: Changes, path: bytes) -> bool:
    return changes.paths is None or not set(changes.paths).isdisjoint(_above(path))


def _above(path: bytes) -> list[bytes]:
    parts = path.rstrip(b"/").split(b"/")
    return [path, *(b"/".join(parts[:count]) + b"/" for count in range(1, len(parts)))]


class Run:
    """One order, on a new tree."""

    def __init__(self, folder: Path, choices: Sequence[int]) -> None:
        self.interleaving = Interleaving(choices)
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        for name in ("P", "Q"):
            (folder / "root" / name).mkdir(parents=True)
        (folder / "outside" / "D" / "E").mkdir(parents=True)
        (folder / "outside" / "D" / "E" / "f").write_text("before")

    @contextmanager
    def monitor(self, how: How) -> Iterator[Monitor]:
        """Make one without threads, which covers the tree and has built its index."""
        made: list[Monitor] = []
        steps = SimpleNamespace(
            Lock=partial(SteppedLock, self.interleaving),
            Condition=lambda lock: SteppedCondition(lock, lambda: _work(made[0])),
            Thread=_NoThread,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(state_module, "threading", steps)
            patch.setattr(worker_module, "threading", steps)
            make = partial(watcher_for_platform, how=how)
            monitor = Monitor(os.fsencode(self.folder / "root"), make, timeout=LONG)
        made.append(monitor)
        try:
            if how == "scan":
                monitor.watcher.start()
            while not monitor.index_worker.covered:
                monitor.watcher.sync(time.monotonic() + LONG)
            _work(monitor)
            yield monitor
        finally:
            monitor.stop()

    def add_change(self, client: Client, change: Change) -> None:
        """Add a change that another program makes."""
        do, path = change

        def change_it() -> None:
            do(self.folder)
            client.log.append(path)

        self.interleaving.add(change_it, needs_lock=False)


def _work(monitor: Monitor) -> None:
    """Do the next task of the index's thread."""
    task = monitor.index_worker._next()
    assert task is not None
    monitor.index_worker._attempt(task)


def _handle_events(monitor: Monitor) -> None:
    """Handle the queue like the watcher's thread, with no time left to list anything."""
    emitter: Any = monitor.watcher
    with emitter._lock:
        emitter._catch_up_locked(time.monotonic() - 1, 0.0)


class _NoThread:
    def __init__(self, **_: object) -> None:
        pass

    def is_alive(self) -> bool:
        return False


@contextmanager
def switching(interleaving: Interleaving) -> Iterator[None]:
    """Let others act before and during each listing by the watcher and by the index."""
    with pytest.MonkeyPatch.context() as patch:
        place = coverage_module.Coverage
        listing, reading, compare = place._list, place._read, Index._compare

        def list_(self: Any, directory: Any, *, reporting: bool) -> Any:
            interleaving.switch()
            yield from listing(self, directory, reporting=reporting)

        def read_(self: Any, handle: int, directory: Any, *, reporting: bool) -> Any:
            found = yield from reading(self, handle, directory, reporting=reporting)
            interleaving.switch()
            return found

        def compare_(self: Any, prefix: bytes, identity: Any) -> Any:
            interleaving.switch()
            return compare(self, prefix, identity)

        patch.setattr(coverage_module.Coverage, "_list", list_)
        patch.setattr(place, "_read", read_)
        patch.setattr(Index, "_compare", compare_)
        yield


def _move(old: str, new: str) -> Do:
    return lambda folder: (folder / old).rename(folder / new)


def _write(path: str) -> Do:
    return lambda folder: (folder / path).write_text("after")


MOVE_IN = (_move("outside/D", "root/P/D"), b"P/D/")
WRITE = (_write("root/P/D/E/f"), b"P/D/E/f")
MOVE_OUT = (_move("root/P/D", "outside/D"), b"P/D/")
MOVE_ELSEWHERE = (_move("root/P/D", "root/Q/D"), b"P/D/")


@pytest.mark.parametrize(
    "moves",
    [MOVE_OUT, pytest.param(MOVE_ELSEWHERE, marks=pytest.mark.slow)],
    ids=["out", "elsewhere"],
)
def test_with_events(tmp_path: Path, moves: Change) -> None:
    """Even in a directory that appeared, has yet to be listed, and moves on during that."""

    def attempt(choices: Sequence[int]) -> Sequence[int]:
        run = Run(tmp_path / "tree", choices)
        with run.monitor("events") as monitor, switching(run.interleaving):
            client = Client(monitor)
            client.ask()
            run.interleaving.counts.clear()
            run.add_change(client, MOVE_IN)
            run.interleaving.add(partial(_handle_events, monitor), needs_lock=True)
            run.add_change(client, WRITE)
            run.add_change(client, moves)
            return _ask(run, client, 2)

    for _ in interleavings(attempt):
        pass


@pytest.mark.parametrize("moves", [MOVE_OUT, MOVE_ELSEWHERE], ids=["out", "elsewhere"])
def test_by_comparison(tmp_path: Path, moves: Change) -> None:
    """Even in a directory that moves on while others are compared."""

    def attempt(choices: Sequence[int]) -> Sequence[int]:
        run = Run(tmp_path / "tree", choices)
        with run.monitor("scan") as monitor, switching(run.interleaving):
            client = Client(monitor)
            MOVE_IN[0](run.folder)
            client.ask()
            run.interleaving.counts.clear()
            run.add_change(client, WRITE)
            run.add_change(client, moves)
            return _ask(run, client, 1)

    for _ in interleavings(attempt):
        pass


def _ask(run: Run, client: Client, times: int) -> Sequence[int]:
    """Query while others act, and when all is done; check the answers."""
    for _ in range(times):
        run.interleaving.switch()
        client.ask()
    counts = [*run.interleaving.counts]
    run.interleaving.finish()
    client.ask()
    client.check()
    return counts
