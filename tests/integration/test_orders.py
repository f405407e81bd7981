"""The promise, held in each order in which queries, the watcher, the index and the world can act.

Every change that completed before a query began is in its answer, or in one that the same client
was given between the two.
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
from stepping import Stage, SteppedCondition, SteppedLock, orders

from fsmond.daemon import keeper as keeper_module
from fsmond.daemon import monitor as monitor_module
from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.index.tree import Index
from fsmond.watching.choice import How, watcher_for_platform

if sys.platform != "linux":
    pytest.skip("the steps are those of inotify's watcher", allow_module_level=True)

from fsmond.watching import coverage as coverage_module

LONG = 30.0  # seconds
Do = Callable[[Path], object]
Change = tuple[Do, bytes]
"""What is done, and the path that is to be told."""


class Client:
    """Asks time and again, with the token of the last answer."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._token: bytes | None = None
        self.log: list[bytes | Missed | None] = []
        """Changes, questions (None) and answers, in their order."""

    def ask(self) -> None:
        self.log.append(None)
        missed = self._monitor.query(self._token)
        self._token = bytes(missed.token)
        self.log.append(missed)

    def check(self) -> None:
        """Hold the answers against the promise."""
        for at, path in enumerate(self.log):
            if isinstance(path, bytes):
                asked = self.log.index(None, at)
                end = next(
                    number
                    for number, each in enumerate(self.log)
                    if number > asked and isinstance(each, Missed)
                )
                told = [each for each in self.log[at : end + 1] if isinstance(each, Missed)]
                assert any(_tells(missed, path) for missed in told), f"{path!r} is not in {told}"


def _tells(missed: Missed, path: bytes) -> bool:
    return missed.paths is None or not set(missed.paths).isdisjoint(_above(path))


def _above(path: bytes) -> list[bytes]:
    parts = path.rstrip(b"/").split(b"/")
    return [path, *(b"/".join(parts[:count]) + b"/" for count in range(1, len(parts)))]


class Run:
    """One order, on a new tree."""

    def __init__(self, folder: Path, choices: Sequence[int]) -> None:
        self.stage = Stage(choices)
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        for name in ("P", "Q"):
            (folder / "root" / name).mkdir(parents=True)
        (folder / "outside" / "D" / "E").mkdir(parents=True)
        (folder / "outside" / "D" / "E" / "f").write_text("before")

    @contextmanager
    def monitor(self, how: How) -> Iterator[Monitor]:
        """Make one that has no threads; it covers the tree, and has its index."""
        made: list[Monitor] = []
        steps = SimpleNamespace(
            Lock=partial(SteppedLock, self.stage),
            Condition=lambda lock: SteppedCondition(lock, lambda: _work(made[0])),
            Thread=_NoThread,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(monitor_module, "threading", steps)
            patch.setattr(keeper_module, "threading", steps)
            make = partial(watcher_for_platform, how=how)
            monitor = Monitor(os.fsencode(self.folder / "root"), make, patience=LONG)
        made.append(monitor)
        try:
            if how == "scan":
                monitor.watcher.start()
            while not monitor.keeper.covered:
                monitor.watcher.sync(time.monotonic() + LONG)
            _work(monitor)
            yield monitor
        finally:
            monitor.stop()

    def add_change(self, client: Client, change: Change) -> None:
        """Have the world change something."""
        do, path = change

        def change_it() -> None:
            do(self.folder)
            client.log.append(path)

        self.stage.add(change_it, needs_lock=False)


def _work(monitor: Monitor) -> None:
    """Do what the index's thread does next."""
    task = monitor.keeper._next()
    assert task is not None
    monitor.keeper._attempt(task)


def _take_in(monitor: Monitor) -> None:
    """Take in what is queued, as the watcher's thread does, with no time left to list anything."""
    emitter: Any = monitor.watcher
    with emitter._lock:
        emitter._catch_up_locked(time.monotonic() - 1, 0.0)


class _NoThread:
    def __init__(self, **_: object) -> None:
        pass

    def is_alive(self) -> bool:
        return False


@contextmanager
def points(stage: Stage) -> Iterator[None]:
    """Let others act before and within each listing, of the watcher and of the index."""
    with pytest.MonkeyPatch.context() as patch:
        place = coverage_module.Coverage
        listing, reading, look = place._list, place._read, Index._look

        def list_(self: Any, directory: Any, *, reporting: bool) -> Any:
            stage.point()
            yield from listing(self, directory, reporting=reporting)

        def read_(self: Any, handle: int, directory: Any, *, reporting: bool) -> Any:
            found = yield from reading(self, handle, directory, reporting=reporting)
            stage.point()
            return found

        def look_(self: Any, prefix: bytes, identity: Any) -> Any:
            stage.point()
            return look(self, prefix, identity)

        patch.setattr(coverage_module.Coverage, "_list", list_)
        patch.setattr(place, "_read", read_)
        patch.setattr(Index, "_look", look_)
        yield


def _move(old: str, new: str) -> Do:
    return lambda folder: (folder / old).rename(folder / new)


def _write(path: str) -> Do:
    return lambda folder: (folder / path).write_text("after")


COMES = (_move("outside/D", "root/P/D"), b"P/D/")
CHANGES = (_write("root/P/D/E/f"), b"P/D/E/f")
GOES = (_move("root/P/D", "outside/D"), b"P/D/")
MOVES = (_move("root/P/D", "root/Q/D"), b"P/D/")


@pytest.mark.parametrize("moves", [GOES, MOVES], ids=["out", "elsewhere"])
def test_with_events(tmp_path: Path, moves: Change) -> None:
    """Also in a directory that came, is not listed yet, and moves on while it is."""

    def play(choices: Sequence[int]) -> Sequence[int]:
        run = Run(tmp_path / "tree", choices)
        with run.monitor("events") as monitor, points(run.stage):
            client = Client(monitor)
            client.ask()
            run.stage.counts.clear()
            run.add_change(client, COMES)
            run.stage.add(partial(_take_in, monitor), needs_lock=True)
            run.add_change(client, CHANGES)
            run.add_change(client, moves)
            return _ask(run, client, 2)

    for _ in orders(play):
        pass


@pytest.mark.parametrize("moves", [GOES, MOVES], ids=["out", "elsewhere"])
def test_by_comparison(tmp_path: Path, moves: Change) -> None:
    """Also in a directory that moves on while others are looked at."""

    def play(choices: Sequence[int]) -> Sequence[int]:
        run = Run(tmp_path / "tree", choices)
        with run.monitor("scan") as monitor, points(run.stage):
            client = Client(monitor)
            COMES[0](run.folder)
            client.ask()
            run.stage.counts.clear()
            run.add_change(client, CHANGES)
            run.add_change(client, moves)
            return _ask(run, client, 1)

    for _ in orders(play):
        pass


def _ask(run: Run, client: Client, times: int) -> Sequence[int]:
    """Ask while others act, and when all is done; hold the answers against the promise."""
    for _ in range(times):
        run.stage.point()
        client.ask()
    counts = [*run.stage.counts]
    run.stage.finish()
    client.ask()
    client.check()
    return counts
