"""What watching costs the programs that write: the same work with no watcher and with each."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bench.names import NO_WATCHER
from bench.peers.daemons import Daemon, running
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting, turns
from bench.workloads import WorkloadRepository

NAME = "writers"


def measure(setting: Setting) -> Iterator[Series]:
    """Run the workloads in one tree, with no watcher and with one at a time."""
    repository = WorkloadRepository(setting.git, setting.environment, setting.pick(2_000, 10_000))
    measured = {load.name: Measurements(NAME, load.name, "ms") for load in repository.workloads()}
    with setting.directory(NAME, on_tmpfs=True) as folder:
        root = folder / "tree"
        repository.prepare(root)
        for load in repository.workloads():  # not measured: the first time costs more
            load.run(root)
        watchers: list[Daemon | None] = [
            None,
            *(create(root) for create in setting.watchers.values()),
        ]
        for _, watcher in turns(setting.rounds(2, 9), watchers):
            name = watcher.name if watcher else NO_WATCHER
            running_watcher: AbstractContextManager[object] = (
                running(watcher) if watcher else nullcontext()
            )
            try:
                with running_watcher:
                    _work(repository, root, name, measured)
            except FAILURES as error:
                measured[repository.workloads()[0].name].remark(name, str(error))
    for each in measured.values():
        yield from each.series()


def _work(
    repository: WorkloadRepository, root: Path, name: str, measured: dict[str, Measurements]
) -> None:
    for load in repository.workloads():
        began = time.perf_counter()
        load.run(root)
        measured[load.name].add(name, (time.perf_counter() - began) * MS)
