"""How the costs of a start, of memory and of idling grow with the size of the tree."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from bench import trees
from bench.machine import watches_allowed
from bench.names import DESIGN, FIRST_ANSWER, FIRST_BY_NAME, IDLE_TIME, START_MEMORY, START_TIME
from bench.peers.daemons import Daemon
from bench.peers.programs import MeasurementError
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting, turns
from fsmond.index.tree import Index

NAME = "growth"
SIZES = (1_000, 5_000, DESIGN, 20_000, 50_000, 150_000)  # directories
_QUICK_SIZES = (300, 1_000, 3_000)
_LARGE = 20_000  # directories; from here on fewer rounds
INDEX_MADE, INDEX_COMPARED = "the index made", "the tree compared with the index"
_TIMEOUT = 20.0  # seconds that it has to report a change
_QUIET = 0.3  # seconds without work, after which it counts as idle
_SETTLING = 20.0  # seconds that it has to become idle; the index of the largest tree takes eight


def measure(setting: Setting) -> Iterator[Series]:
    """Measure each watcher, one at a time, on one tree that grows."""
    sizes: tuple[int, ...] = _QUICK_SIZES if setting.quick else SIZES
    if not setting.is_first:
        sizes = tuple(size for size in sizes if size <= DESIGN)  # larger trees take minutes
    with setting.directory(NAME, on_tmpfs=True) as folder:
        root = folder / "tree"
        root.mkdir()
        subprocess.run([setting.git, "init", "-q", root], env=setting.environment, check=True)
        watchers = [create(root) for create in setting.watchers.values()]
        made = 0
        never_idle: set[str] = set()
        for size in sizes:
            trees.grow(root, made, size)
            made = size
            rounds = setting.rounds(1, 5 if size == DESIGN else 3 if size < _LARGE else 2)
            yield from _all_at(watchers, rounds, size, 0.5 if setting.quick else 1.0, never_idle)
            if size > watches_allowed():
                said = f"there were more directories than the {watches_allowed():,} watches"
                yield Series(NAME, FIRST_ANSWER, "all", "ms", (), size, said)
            yield from _index(root, size, setting.rounds(2, 5))


def _all_at(
    watchers: list[Daemon], rounds: int, size: int, rest: float, never_idle: set[str]
) -> Iterator[Series]:
    first = Measurements(NAME, FIRST_ANSWER, "ms", size)
    exact = Measurements(NAME, FIRST_BY_NAME, "ms", size)
    memory = Measurements(NAME, START_MEMORY, "MB", size)
    spent = Measurements(NAME, START_TIME, "ms", size)
    idle = Measurements(NAME, IDLE_TIME, "%", size)
    for _, watcher in turns(rounds, watchers):
        try:
            with suppress(*FAILURES):  # then the start fails as well
                watcher.stop()
                watcher.forget()
            began = time.perf_counter()  # to stop it took time as well
            first.measure(watcher.name, partial(_milliseconds, watcher.launch))
            if first.failed(watcher.name):
                continue
            exact.measure(watcher.name, partial(_milliseconds, _until_exact, watcher, began))
            with suppress(*FAILURES):  # it ended; the next measurement reports it
                if watcher.name not in never_idle and not _becomes_idle(watcher):
                    never_idle.add(watcher.name)  # watchdog: on a large tree it never is
            memory.measure(watcher.name, watcher.memory)
            spent.measure(watcher.name, partial(_milliseconds, Daemon.processor_time, watcher))
            idle.measure(watcher.name, partial(_idle, watcher, rest))
        finally:
            with suppress(*FAILURES):
                watcher.stop()
    for measured in (first, exact, memory, spent, idle):
        yield from measured.series()


def _milliseconds(measure: Callable[..., float], *arguments: object) -> float:
    return measure(*arguments) * MS


def _until_exact(watcher: Daemon, began: float) -> float:
    """Change a file and query until the answer names it; return the seconds since `began`."""
    path = watcher.root / "0" / "f0"
    deadline = time.perf_counter() + _TIMEOUT
    while time.perf_counter() < deadline:
        os.utime(path)
        if b"0/f0" in watcher.query():
            return time.perf_counter() - began
    raise MeasurementError(f"it reported no change for {_TIMEOUT:.0f} s")


def _becomes_idle(watcher: Daemon) -> bool:
    """Wait until it uses no processor time; return whether that happened."""
    before, deadline = watcher.processor_time(), time.perf_counter() + _SETTLING
    while time.perf_counter() < deadline:
        time.sleep(_QUIET)
        now = watcher.processor_time()
        if now - before <= _QUIET * 0.05:
            return True
        before = now
    return False


def _idle(watcher: Daemon, rest: float) -> float:
    before = _nanoseconds(watcher)
    time.sleep(rest)
    return (_nanoseconds(watcher) - before) / 1e9 / rest * 100


def _nanoseconds(watcher: Daemon) -> int:
    """Return the run time of its threads; the times of a process are only counted in ticks."""
    tasks = Path(f"/proc/{watcher.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_bytes().split()[0]) for task in tasks)


def _index(root: Path, size: int, rounds: int) -> Iterator[Series]:
    """Measure fsmond's index alone, in this process."""
    compared = Measurements(NAME, INDEX_COMPARED, "ms", size)
    made = Measurements(NAME, INDEX_MADE, "ms", size)
    index = Index(os.fsencode(root), frozenset({b".git"}))
    made.measure("fsmond", partial(_milliseconds, _seconds, index))
    for _ in range(rounds):
        compared.measure("fsmond", partial(_milliseconds, _seconds, index))
    yield from made.series()
    yield from compared.series()


def _seconds(index: Index) -> float:
    began = time.perf_counter()
    for _ in index.walk([b""]):
        pass
    return time.perf_counter() - began
