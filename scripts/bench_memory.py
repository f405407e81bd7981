"""What memory does over many events on the same paths: it must not grow with the events."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import bench_trees as trees
from bench_daemons import Daemon, running
from bench_names import DESIGN_EVENTS, EVENTS, KEPT
from bench_results import Series
from bench_setting import MEASURED, Setting, Takings

NAME = "memory"
_HOT = 10_000  # paths that change again and again
_BATCH = 4_000  # changes between two queries: a quarter of what the kernel's queue holds
_STEPS = 10  # points of the curve, after the first


def measure(setting: Setting) -> Iterator[Series]:
    """Let each meet the same events, as fast as it keeps up, and look at its memory on the way."""
    shape = trees.QUICK if setting.quick else trees.FULL
    events = setting.pick(100_000, DESIGN_EVENTS)
    for name, enter in setting.daemons.items():
        with setting.place(NAME, fast=True) as place, ExitStack() as alive:
            daemon = enter(place / "tree")
            paths = trees.make(daemon.root, shape, setting.git, setting.environment)
            try:
                alive.enter_context(running(daemon))
            except MEASURED as error:
                yield Series(NAME, EVENTS, name, "MB", (), 0, f"it does not start: {error}")
                continue
            try:
                yield from _curve(daemon, paths[:_HOT], events)
            except MEASURED as error:
                yield Series(
                    NAME, EVENTS, name, "MB", (), events, f"it did not get so far: {error}"
                )


def _curve(daemon: Daemon, paths: Sequence[str], events: int) -> Iterator[Series]:
    seen = []
    for step in range(_STEPS + 1):
        takings = Takings(NAME, EVENTS, "MB", events * step // _STEPS)
        if step:
            touch(daemon, paths, events // _STEPS)
        seen.append(daemon.memory())
        takings.keep(daemon.name, seen[-1])
        yield from takings.series()
    yield Series.of(NAME, KEPT, daemon.name, "MB", [seen[-1] - seen[1]])._replace(at=events)


def touch(daemon: Daemon, paths: Sequence[str], events: int) -> None:
    """Cause so many events, going round the paths, as fast as the daemon can keep up with.

    A query after each batch waits until it has; bursts are another measurement.
    """
    for begin in range(0, events, _BATCH):
        for number in range(begin, min(begin + _BATCH, events)):
            os.utime(paths[number % len(paths)])
        daemon.query()
