"""How start, memory and idle cost grow with the tree, which is watched by one at a time."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from bench_daemons import Daemon, MeasurementError, restart
from bench_machine import watches_allowed
from bench_names import AT_REST, DESIGN, EXACT, FIRST, MEMORY, SPENT
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings, turns

from fsmond.index.tree import Index

NAME = "growth"
SIZES = (1_000, 5_000, DESIGN, 20_000, 50_000, 150_000)  # directories
_QUICK_SIZES = (300, 1_000, 3_000)
_LARGE = 20_000  # measured less often from here on
INDEX_MADE, INDEX_COMPARED = "the index made", "the tree compared with the index"
_FILES = 9  # in each directory
_FAN = 100  # directories in a directory
_PATIENCE = 20.0  # seconds until a change is told
_CALM = 0.3  # seconds without work, after which it is taken to be idle
_CALMING = 20.0  # seconds in which that must come; the index of the largest tree takes eight


def measure(setting: Setting) -> Iterator[Series]:
    """Measure everybody on each size; both kinds of watchers."""
    sizes = _QUICK_SIZES if setting.quick else SIZES
    with setting.place(NAME, fast=True) as place:
        root = place / "tree"
        root.mkdir()
        subprocess.run([setting.git, "init", "-q", root], env=setting.environment, check=True)
        everybody = {**setting.daemons, **setting.collectors}
        watchers = [enter(root) for enter in everybody.values()]
        made = 0
        restless: set[str] = set()
        for size in sizes:
            made = _grow(root, made, size)
            rounds = setting.pick(1, 5 if size == DESIGN else 3 if size < _LARGE else 2)
            yield from _all_at(watchers, rounds, size, 0.5 if setting.quick else 1.0, restless)
            if size > watches_allowed():
                said = f"there were more directories than the {watches_allowed():,} watches"
                yield Series(NAME, FIRST, "all", "ms", (), size, said)
            yield from _index(root, size, setting.pick(2, 5))


def _all_at(
    watchers: list[Daemon], rounds: int, size: int, rest: float, restless: set[str]
) -> Iterator[Series]:
    first = Takings(NAME, FIRST, "ms", size)
    exact = Takings(NAME, EXACT, "ms", size)
    memory = Takings(NAME, MEMORY, "MB", size)
    spent = Takings(NAME, SPENT, "ms", size)
    idle = Takings(NAME, AT_REST, "%", size)
    for _, watcher in turns(rounds, watchers):
        try:
            began = time.perf_counter()
            first.take(watcher.name, partial(_milliseconds, restart, watcher))
            if first.failed(watcher.name):
                continue
            exact.take(watcher.name, partial(_milliseconds, _until_exact, watcher, began))
            with suppress(*MEASURED):  # it ended; the next measurement hears it
                if watcher.name not in restless and not _calm(watcher):
                    restless.add(watcher.name)  # watchdog, with a large tree: for good
            memory.take(watcher.name, watcher.memory)
            spent.take(watcher.name, partial(_milliseconds, Daemon.processor_time, watcher))
            idle.take(watcher.name, partial(_idle, watcher, rest))
        finally:
            with suppress(*MEASURED):
                watcher.stop()
    for takings in (first, exact, memory, spent, idle):
        yield from takings.series()


def _milliseconds(measure: Callable[..., float], *arguments: object) -> float:
    return measure(*arguments) * MS


def _until_exact(watcher: Daemon, began: float) -> float:
    """Change a file and ask, again and again, until it is told; return the seconds since then."""
    path = watcher.root / "0" / "f0"
    deadline = time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline:
        os.utime(path)
        if b"0/f0" in watcher.query():
            return time.perf_counter() - began
    raise MeasurementError(f"it told no change for {_PATIENCE:.0f} s")


def _calm(watcher: Daemon) -> bool:
    """Wait until it takes no time of a processor any more; say whether that came."""
    before, deadline = watcher.processor_time(), time.perf_counter() + _CALMING
    while time.perf_counter() < deadline:
        time.sleep(_CALM)
        now = watcher.processor_time()
        if now - before <= _CALM * 0.05:
            return True
        before = now
    return False


def _idle(watcher: Daemon, rest: float) -> float:
    before = _nanoseconds(watcher)
    time.sleep(rest)
    return (_nanoseconds(watcher) - before) / 1e9 / rest * 100


def _nanoseconds(watcher: Daemon) -> int:
    """Return what its threads have run; the times of a process are counted by ticks."""
    tasks = Path(f"/proc/{watcher.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_bytes().split()[0]) for task in tasks)


def _index(root: Path, size: int, rounds: int) -> Iterator[Series]:
    """Measure our index alone, in this process."""
    compared = Takings(NAME, INDEX_COMPARED, "ms", size)
    made = Takings(NAME, INDEX_MADE, "ms", size)
    index = Index(os.fsencode(root), frozenset({b".git"}))
    made.take("fsmond", partial(_milliseconds, _seconds, index))
    for _ in range(rounds):
        compared.take("fsmond", partial(_milliseconds, _seconds, index))
    yield from made.series()
    yield from compared.series()


def _seconds(index: Index) -> float:
    began = time.perf_counter()
    for _ in index.walk([b""]):
        pass
    return time.perf_counter() - began


def _grow(root: Path, made: int, size: int) -> int:
    """Have so many directories: a hundred in each, files in all."""
    for number in range(made, size):
        digits = []
        while number >= _FAN:
            number, last = divmod(number, _FAN)  # noqa: PLW2901
            digits.append(str(last))
        directory = root.joinpath(str(number), *(f"d{each}" for each in reversed(digits)))
        directory.mkdir()
        for each in range(_FILES):
            os.mknod(directory / f"f{each}")
    return size
