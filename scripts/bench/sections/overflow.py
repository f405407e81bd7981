"""Recovery after the kernel's queue overflowed, while the watcher was stopped."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bench import trees
from bench.machine import queue_length
from bench.missed_changes import EVERYTHING, count_changed, missed, scan
from bench.names import LOST, RECOVERY
from bench.peers.daemons import Daemon, restart, running
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting, turns

NAME = "overflow"
_CHANGES = 500  # that must be reported
_NAP = 0.01  # seconds between two queries


def measure(setting: Setting) -> Iterator[Series]:
    """Stop each watcher, cause more events than the queue holds, continue it, and query it."""
    shares, times = Measurements(NAME, LOST, "%"), Measurements(NAME, RECOVERY, "ms")
    with setting.directory(NAME, on_tmpfs=True) as folder:
        watchers = [create(folder / str(n)) for n, create in enumerate(setting.watchers.values())]
        for watcher in watchers:
            trees.make(watcher.root, trees.QUICK, setting.git, setting.environment)
        for turn, (_, watcher) in enumerate(turns(setting.rounds(1, 5), watchers)):
            try:
                with running(watcher):
                    _once(watcher, turn, setting.pick(3, 10), (shares, times))
            except FAILURES as error:
                shares.remark(watcher.name, f"failed: {error}")
    yield from shares.series()
    yield from times.series()


def _once(
    watcher: Daemon, turn: int, timeout: float, to: tuple[Measurements, Measurements]
) -> None:
    shares, times = to
    watcher.query()
    before = scan(watcher.root)
    os.kill(watcher.pid, signal.SIGSTOP)
    try:
        _overflow(watcher.root)
        _change(watcher.root, turn)
    finally:
        os.kill(watcher.pid, signal.SIGCONT)
    after = scan(watcher.root)
    reported: set[bytes] = set()
    began = time.perf_counter()
    while time.perf_counter() - began < timeout:
        try:
            reported.update(watcher.query())
        except FAILURES:
            shares.remark(watcher.name, "it ended; the time is that of a new start")
            times.add(watcher.name, restart(watcher) * MS)
            return  # its end tells clients that everything may have changed
        if not missed(before, after, reported):
            times.add(watcher.name, (time.perf_counter() - began) * MS)
            break
        time.sleep(_NAP)
    if EVERYTHING in reported:
        shares.remark(watcher.name, "it answered that everything may have changed")
    shares.add(
        watcher.name, len(missed(before, after, reported)) / count_changed(before, after) * 100
    )


def _overflow(root: Path) -> None:
    """Fill the queue; with one name only, the kernel would merge the events."""
    for _ in range(queue_length() // 4 + 1):
        for name in (root / "overflow-1", root / "overflow-2"):
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
            os.unlink(name)


def _change(root: Path, turn: int) -> None:
    """Create files and directories all over the tree, which must be reported."""
    for number in range(_CHANGES):
        directory = root / str(number % 10) / str(number // 10 % 10)
        if number % 5 == 0:
            directory /= f"new-{turn}-{number}"
            directory.mkdir()
        (directory / f"changed-{turn}-{number}").touch()
