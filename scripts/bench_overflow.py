"""Recovery when the kernel drops events: who was stopped for a while while others wrote."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import bench_trees as trees
from bench_daemons import Daemon, restart, running
from bench_losses import EVERYTHING, changed, look, lost
from bench_machine import queue_length
from bench_names import LOST, RECOVERED
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings, turns

NAME = "overflow"
_REAL = 500  # changes that have to be told
_NAP = 0.01  # seconds between two questions


def measure(setting: Setting) -> Iterator[Series]:
    """Stop each, make more events than the queue holds, let it go on, and ask."""
    everybody = {**setting.daemons, **setting.collectors}
    shares, times = Takings(NAME, LOST, "%"), Takings(NAME, RECOVERED, "ms")
    with setting.place(NAME, fast=True) as place:
        watchers = [enter(place / str(n)) for n, enter in enumerate(everybody.values())]
        for watcher in watchers:
            trees.make(watcher.root, trees.QUICK, setting.git, setting.environment)
        for turn, (_, watcher) in enumerate(turns(setting.pick(1, 5), watchers)):
            try:
                with running(watcher):
                    _once(watcher, turn, setting.pick(3, 10), (shares, times))
            except MEASURED as error:
                shares.note(watcher.name, f"failed: {error}")
    yield from shares.series()
    yield from times.series()


def _once(watcher: Daemon, turn: int, patience: float, to: tuple[Takings, Takings]) -> None:
    shares, times = to
    watcher.query()
    before = look(watcher.root)
    os.kill(watcher.pid, signal.SIGSTOP)
    try:
        _overflow(watcher.root)
        _change(watcher.root, turn)
    finally:
        os.kill(watcher.pid, signal.SIGCONT)
    after = look(watcher.root)
    told: set[bytes] = set()
    began = time.perf_counter()
    while time.perf_counter() - began < patience:
        try:
            told.update(watcher.query())
        except MEASURED:
            shares.note(watcher.name, "it ended; the time is that of another start")
            times.keep(watcher.name, restart(watcher) * MS)
            return  # whoever asks is told by that to look at everything
        if not lost(before, after, told):
            times.keep(watcher.name, (time.perf_counter() - began) * MS)
            break
        time.sleep(_NAP)
    if EVERYTHING in told:
        shares.note(watcher.name, "everything may have changed, it said")
    shares.keep(watcher.name, len(lost(before, after, told)) / changed(before, after) * 100)


def _overflow(root: Path) -> None:
    """Fill the queue; two names by turns, as the kernel merges what is the same."""
    for _ in range(queue_length() // 4 + 1):
        for name in (root / "overflow-1", root / "overflow-2"):
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
            os.unlink(name)


def _change(root: Path, turn: int) -> None:
    """Make what has to be told: files and directories, here and there."""
    for number in range(_REAL):
        directory = root / str(number % 10) / str(number // 10 % 10)
        if number % 5 == 0:
            directory /= f"new-{turn}-{number}"
            directory.mkdir()
        (directory / f"changed-{turn}-{number}").touch()
