"""How long an answer takes: idle, after one change, after many, by each way of asking."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import bench_trees as trees
from bench_askers import Asker, askers
from bench_daemons import Daemon, running
from bench_names import AGAIN, FLOOR, IDLE, ONE, RESTED
from bench_results import Series
from bench_setting import MEASURED, MS, US, Setting, Takings, turns

NAME = "latency"
COUNTS = (0, 1, 100, 10_000, 100_000)  # changes before the question

_BLOCK = 20  # queries before the other's turn: else each would meet the other's caches
_REST = 0.02  # seconds; long enough for a processor to go to sleep
# Rounds of a quick run and a full one, by how much changes.
_ROUNDS = {0: (400, 3000), 1: (200, 2000), 100: (20, 300), 10_000: (3, 30), 100_000: (2, 9)}
_PROCESSES = {0: (15, 200), 1: (15, 200), 100: (6, 60), 10_000: (2, 15), 100_000: (2, 5)}
_DELIVERIES = {1: (5, 60), 100: (3, 30), 10_000: (2, 9), 100_000: (1, 3)}
_STEP = 4000  # changes between two questions of those that wait for no answer; they fit a queue


def measure(setting: Setting) -> Iterator[Series]:
    """Have all daemons alive at the same time, each on its tree, and ask them in turns.

    Who only delivers is alone: watchdog may keep a processor busy for good with a large tree.
    """
    with setting.place(NAME) as place, ExitStack() as alive:
        ways: list[Asker] = []
        for number, (name, enter) in enumerate(setting.daemons.items()):
            try:
                ways += _begun(setting, enter(place / str(number)), alive)
            except MEASURED as error:
                yield Series(NAME, IDLE, name, "µs", (), 0, f"it does not start: {error}")
        for count in _counts(setting):
            yield from _after(setting, ways, count)
            if count == 0:
                yield from _rested(setting, _wires(ways))
        yield from _again(setting, _wires(ways))
    for name, enter in setting.collectors.items():
        with setting.place(NAME) as place, ExitStack() as alive:
            try:
                (way,) = _begun(setting, enter(place / "tree"), alive)
            except MEASURED as error:
                yield Series(NAME, f"{ONE}, delivery", name, "ms", (), 1, str(error))
                continue
            yield from _deliveries(setting, way)


def _begun(setting: Setting, daemon: Daemon, alive: ExitStack) -> list[Asker]:
    """Have it watch a tree of its own; return the ways to ask it."""
    paths = trees.make(daemon.root, _shape(setting), setting.git, setting.environment)
    return askers(alive.enter_context(running(daemon)), paths)


def _after(setting: Setting, ways: Sequence[Asker], count: int) -> Iterator[Series]:
    unit, factor = ("µs", US) if count <= 100 else ("ms", MS)
    wires = [way for way in ways if not way.is_process]
    takings = Takings(NAME, _named(count), unit, count)
    block = _BLOCK if count <= 1 else 1
    for _, way in turns(setting.pick(*_ROUNDS[count]), wires, at_a_time=block):
        takings.take(way.name, partial(_measured, way, count, factor))
    yield from takings.series()
    takings = Takings(NAME, f"{_named(count)}, process", "ms", count)
    processes = [way for way in ways if way.is_process and not (way.name == FLOOR and count)]
    for _, way in turns(setting.pick(*_PROCESSES[count]), processes):
        takings.take(way.name, partial(_measured, way, count, MS))
    yield from takings.series()


def _deliveries(setting: Setting, way: Asker) -> Iterator[Series]:
    for count in _counts(setting)[1:]:
        takings = Takings(NAME, f"{_named(count)}, delivery", "ms", count)
        for _ in range(setting.pick(*_DELIVERIES[count])):
            takings.take(way.name, partial(_measured, way, count, MS))
        yield from takings.series()


def _named(count: int) -> str:
    return IDLE if not count else ONE if count == 1 else f"after {count:,} changes"


def _counts(setting: Setting) -> list[int]:
    return [count for count in COUNTS if count <= _shape(setting).files]


def _shape(setting: Setting) -> trees.Shape:
    return trees.QUICK if setting.quick else trees.FULL


def _rested(setting: Setting, ways: Sequence[Asker]) -> Iterator[Series]:
    takings = Takings(NAME, RESTED, "µs")
    for _, way in turns(setting.pick(30, 200), ways):
        time.sleep(_REST)
        takings.take(way.name, partial(_measured, way, 0, US))
    yield from takings.series()


def _again(setting: Setting, ways: Sequence[Asker]) -> Iterator[Series]:
    """Ask for all files, when nobody has to learn of them any more; the same answer each time."""
    count = len(ways[0].paths)
    takings = Takings(NAME, AGAIN.replace("100,000", f"{count:,}"), "ms")
    before = {}
    for way in ways:
        try:
            way.daemon.query()
            before[way] = way.daemon.token
            for _ in range(0, count, _STEP):
                way.change(_STEP)
            way.daemon.query()
        except MEASURED as error:
            takings.note(way.name, str(error))
    for _, way in turns(setting.pick(5, 60), ways):
        way.daemon.token = before.get(way, b"")
        takings.take(way.name, partial(_answered, way))
    yield from takings.series()


def _measured(way: Asker, count: int, factor: float) -> float:
    return way.measure(way.change(count)) * factor


def _answered(way: Asker) -> float:
    return way.measure(way.paths) * MS


def _wires(ways: Sequence[Asker]) -> list[Asker]:
    return [way for way in ways if type(way) is Asker]
