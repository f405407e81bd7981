"""Memory over many events on the same paths; it must not grow with the number of events."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import trees
from bench.names import DESIGN_EVENTS, MEMORY_BY_EVENTS, MEMORY_GROWTH
from bench.peers.daemons import Daemon, running
from bench.results import Series
from bench.setting import FAILURES, Measurements, Setting

NAME = "memory"
_HOT = 10_000  # paths that change again and again
_BATCH = 4_000  # changes between two queries; a quarter of the kernel's queue
_STEPS = 10  # points of the curve, after the first


def measure(setting: Setting) -> Iterator[Series]:
    """Cause the same events for each daemon, as fast as it keeps up, and sample its memory."""
    shape = trees.QUICK if setting.quick else trees.FULL
    events = setting.pick(100_000, DESIGN_EVENTS)
    for name, create in setting.daemons.items():
        with setting.directory(NAME, on_tmpfs=True) as folder, ExitStack() as stack:
            daemon = create(folder / "tree")
            paths = trees.make(daemon.root, shape, setting.git, setting.environment)
            try:
                stack.enter_context(running(daemon))
            except FAILURES as error:
                yield Series(
                    NAME, MEMORY_BY_EVENTS, name, "MB", (), 0, f"it does not start: {error}"
                )
                continue
            try:
                yield from _curve(daemon, paths[:_HOT], events)
            except FAILURES as error:
                yield Series(
                    NAME,
                    MEMORY_BY_EVENTS,
                    name,
                    "MB",
                    (),
                    events,
                    f"it did not get this far: {error}",
                )


def _curve(daemon: Daemon, paths: Sequence[str], events: int) -> Iterator[Series]:
    samples = []
    for step in range(_STEPS + 1):
        measured = Measurements(NAME, MEMORY_BY_EVENTS, "MB", events * step // _STEPS)
        if step:
            touch(daemon, paths, events // _STEPS)
        samples.append(daemon.memory())
        measured.add(daemon.name, samples[-1])
        yield from measured.series()
    yield Series.of(NAME, MEMORY_GROWTH, daemon.name, "MB", [samples[-1] - samples[1]])._replace(
        at=events
    )


def touch(daemon: Daemon, paths: Sequence[str], events: int) -> None:
    """Cause so many events, on each path in turn, as fast as the daemon can keep up with.

    A query after each batch waits until it has caught up; bursts are another section.
    """
    for begin in range(0, events, _BATCH):
        for number in range(begin, min(begin + _BATCH, events)):
            os.utime(paths[number % len(paths)])
        daemon.query()
