"""Bursts: what programs do at full speed, and who loses what of it."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from bench_collectors import Collector
from bench_daemons import Daemon, Fsmond, running
from bench_losses import EVERYTHING, changed, look, lost
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings, turns
from bench_workloads import Workload, Worksite

NAME = "bursts"
LOST, PASSED, OVERFLOWS = "lost", "gone again, and not told", "overflows"
ANSWERED, WRITTEN = "answered after", "the burst took"


class _Measured(NamedTuple):
    """What one workload gave."""

    lost: Takings
    passed: Takings
    answered: Takings
    written: Takings
    overflows: Takings


def measure(setting: Setting) -> Iterator[Series]:
    """Let each meet all workloads, alone on the machine, on the fastest file system there is."""
    everybody = {**setting.daemons, **setting.collectors}
    site = Worksite(setting.git, setting.environment, setting.pick(4_000, 20_000))
    measured = {load.name: _takings(load) for load in site.workloads()}
    with setting.place(NAME, fast=True) as place:
        watchers = [enter(place / str(n)) for n, enter in enumerate(everybody.values())]
        for watcher in watchers:
            site.prepare(watcher.root)
        for _, watcher in turns(setting.pick(1, 5), watchers):
            _all_loads(watcher, site.workloads(), measured)
    for each in measured.values():
        for takings in each:
            yield from takings.series()


def _takings(load: Workload) -> _Measured:
    return _Measured(
        Takings(NAME, f"{load.name}: {LOST}", "%"),
        Takings(NAME, f"{load.name}: {PASSED}", "%"),
        Takings(NAME, f"{load.name}: {ANSWERED}", "ms"),
        Takings(NAME, f"{load.name}: {WRITTEN}", "ms"),
        Takings(NAME, f"{load.name}: {OVERFLOWS}", ""),
    )


def _all_loads(watcher: Daemon, loads: Sequence[Workload], measured: dict[str, _Measured]) -> None:
    """Have it watch while all is done; who ends on the way is started again for the next."""
    with ExitStack() as alive:
        try:
            alive.enter_context(running(watcher))
        except MEASURED as error:
            for each in measured.values():
                each.lost.note(watcher.name, f"it does not start: {error}")
            return
        for load in loads:
            try:
                overflows = _overflows(watcher)
                _one(watcher, load, measured[load.name])
            except MEASURED as error:
                measured[load.name].lost.note(watcher.name, f"ended: {error}")
                with suppress(*MEASURED):  # the next workload hears why
                    watcher.stop()
                    watcher.begin()
                continue
            if isinstance(watcher, Fsmond):  # the only one that counts them
                more = _overflows(watcher) - overflows
                measured[load.name].overflows.keep(watcher.name, more)


def _one(watcher: Daemon, load: Workload, to: _Measured) -> None:
    watcher.query()
    before = look(watcher.root)
    began = time.perf_counter()
    passed = load.run(watcher.root)
    to.written.keep(watcher.name, (time.perf_counter() - began) * MS)
    began = time.perf_counter()
    told = set(watcher.query())
    to.answered.keep(watcher.name, (time.perf_counter() - began) * MS)
    after = look(watcher.root)
    count = changed(before, after)
    if count:
        to.lost.keep(watcher.name, len(lost(before, after, told)) / count * 100)
    if EVERYTHING in told:
        to.lost.note(watcher.name, "everything may have changed, it said")
    elif passed:
        to.passed.keep(watcher.name, len(set(passed) - told) / len(passed) * 100)
    if isinstance(watcher, Collector) and watcher.deaf:
        to.lost.note(watcher.name, "told nothing more, and was started anew")
        watcher.stop()
        watcher.begin()


def _overflows(watcher: Daemon) -> int:
    return int(str(watcher.status()["resynced"])) if isinstance(watcher, Fsmond) else 0
