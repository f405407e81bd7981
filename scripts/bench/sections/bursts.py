"""Bursts: the share of changes that each watcher loses while a program works at full speed."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from bench.missed_changes import EVERYTHING, count_changed, missed, scan
from bench.peers.daemons import Daemon, Fsmond, running
from bench.peers.libraries import EventLibrary
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting, turns
from bench.workloads import Workload, WorkloadRepository

NAME = "bursts"
LOST, SHORT_LIVED, OVERFLOWS = "lost", "gone again, and not told", "overflows"
ANSWERED, WRITTEN = "answered after", "the burst took"


class _Measured(NamedTuple):
    """The measurements of one workload."""

    lost: Measurements
    short_lived: Measurements
    answered: Measurements
    written: Measurements
    overflows: Measurements


def measure(setting: Setting) -> Iterator[Series]:
    """Run all workloads with each watcher, one at a time, on a tmpfs if there is one."""
    repository = WorkloadRepository(setting.git, setting.environment, setting.pick(4_000, 20_000))
    measured = {load.name: _quantities(load) for load in repository.workloads()}
    with setting.directory(NAME, on_tmpfs=True) as folder:
        watchers = [create(folder / str(n)) for n, create in enumerate(setting.watchers.values())]
        for watcher in watchers:
            repository.prepare(watcher.root)
        for _, watcher in turns(setting.rounds(1, 5), watchers):
            _all_loads(watcher, repository.workloads(), measured)
    for each in measured.values():
        for quantity in each:
            yield from quantity.series()


def _quantities(load: Workload) -> _Measured:
    return _Measured(
        Measurements(NAME, f"{load.name}: {LOST}", "%"),
        Measurements(NAME, f"{load.name}: {SHORT_LIVED}", "%"),
        Measurements(NAME, f"{load.name}: {ANSWERED}", "ms"),
        Measurements(NAME, f"{load.name}: {WRITTEN}", "ms"),
        Measurements(NAME, f"{load.name}: {OVERFLOWS}", ""),
    )


def _all_loads(watcher: Daemon, loads: Sequence[Workload], measured: dict[str, _Measured]) -> None:
    """Run all workloads with one watcher; one that ends is started again for the next workload."""
    with ExitStack() as stack:
        try:
            stack.enter_context(running(watcher))
        except FAILURES as error:
            for each in measured.values():
                each.lost.remark(watcher.name, f"it does not start: {error}")
            return
        for load in loads:
            try:
                overflows = _overflows(watcher)
                _one(watcher, load, measured[load.name])
            except FAILURES as error:
                measured[load.name].lost.remark(watcher.name, f"ended: {error}")
                with suppress(*FAILURES):  # the next workload reports it
                    watcher.stop()
                    watcher.launch()
                continue
            if isinstance(watcher, Fsmond):  # only fsmond counts them
                more = _overflows(watcher) - overflows
                measured[load.name].overflows.add(watcher.name, more)


def _one(watcher: Daemon, load: Workload, to: _Measured) -> None:
    watcher.query()
    before = scan(watcher.root)
    began = time.perf_counter()
    deleted = load.run(watcher.root)
    to.written.add(watcher.name, (time.perf_counter() - began) * MS)
    began = time.perf_counter()
    reported = set(watcher.query())
    to.answered.add(watcher.name, (time.perf_counter() - began) * MS)
    after = scan(watcher.root)
    count = count_changed(before, after)
    if count:
        to.lost.add(watcher.name, len(missed(before, after, reported)) / count * 100)
    if EVERYTHING in reported:
        to.lost.remark(watcher.name, "it answered that everything may have changed")
    elif deleted:
        share = len(set(deleted) - reported) / len(deleted)
        to.short_lived.add(watcher.name, share * 100)
    if isinstance(watcher, EventLibrary) and watcher.lost_marker:
        to.lost.remark(watcher.name, "it stopped reporting, and was restarted")
        watcher.stop()
        watcher.launch()


def _overflows(watcher: Daemon) -> int:
    return int(str(watcher.status()["resynced"])) if isinstance(watcher, Fsmond) else 0
