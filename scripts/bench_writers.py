"""What being watched costs those who write: the same work, watched by nobody and by each."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bench_daemons import Daemon, running
from bench_names import NOBODY
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings, turns
from bench_workloads import Worksite

NAME = "writers"


def measure(setting: Setting) -> Iterator[Series]:
    """Work in one tree, with one watcher at a time."""
    everybody = {**setting.daemons, **setting.collectors}
    site = Worksite(setting.git, setting.environment, setting.pick(2_000, 10_000))
    measured = {load.name: Takings(NAME, load.name, "ms") for load in site.workloads()}
    with setting.place(NAME, fast=True) as place:
        root = place / "tree"
        site.prepare(root)
        for load in site.workloads():  # once in vain: the first time is another's
            load.run(root)
        watchers: list[Daemon | None] = [None, *(enter(root) for enter in everybody.values())]
        for _, watcher in turns(setting.pick(2, 9), watchers):
            name = watcher.name if watcher else NOBODY
            alive: AbstractContextManager[object] = running(watcher) if watcher else nullcontext()
            try:
                with alive:
                    _work(site, root, name, measured)
            except MEASURED as error:
                measured[site.workloads()[0].name].note(name, str(error))
    for takings in measured.values():
        yield from takings.series()


def _work(site: Worksite, root: Path, name: str, measured: dict[str, Takings]) -> None:
    for load in site.workloads():
        began = time.perf_counter()
        load.run(root)
        measured[load.name].keep(name, (time.perf_counter() - began) * MS)
