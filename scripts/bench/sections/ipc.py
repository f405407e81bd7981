"""`ipc` without a daemon, beside `multiprocessing.connection` and a bare socket.

They take turns in each round, so that other load of the machine affects all of them.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker; only Linux pins processes to processors

import contextlib
import multiprocessing
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from bench.names import BARE
from bench.peers.ipc_peers import (
    ask_ipc,
    ask_multiprocessing,
    ask_raw,
    fetch_ipc,
    fetch_multiprocessing,
    serve_bare,
    serve_ipc,
    serve_multiprocessing,
)
from bench.peers.programs import MeasurementError
from bench.results import Series
from bench.setting import Measurements, Setting, turns

NAME = "ipc"
STANDARD, OURS = "multiprocessing.connection", "ipc"
TRIP, RATE = "round trip", "round trips a second, 16 clients"
_MIXED = "ipc, asked by a bare socket"
_BIG = 256 << 20  # bytes
_STARTING = 10.0  # seconds that a server has to start

Serve = Callable[[str], None]
Ask = Callable[[str], None]
Actions = Mapping[str, Callable[[], float]]


def measure(setting: Setting) -> Iterator[Series]:
    """Measure round trips on each pair of processors, many clients, and large answers."""
    everywhere = os.sched_getaffinity(0)
    with setting.directory(NAME, on_tmpfs=True) as folder, ExitStack() as stack:
        paths = {name: f"{folder}/{name}" for name in (BARE, STANDARD, OURS)}
        serving = {BARE: serve_bare, STANDARD: serve_multiprocessing, OURS: serve_ipc}
        servers = [stack.enter_context(served(serving[name], paths[name])) for name in paths]
        stack.callback(os.sched_setaffinity, 0, everywhere)
        count = setting.pick(200, 600)
        trips = {
            BARE: latency(ask_raw, paths[BARE], count),
            _MIXED: latency(ask_raw, paths[OURS], count),
            OURS: latency(ask_ipc, paths[OURS], count),
            STANDARD: latency(ask_multiprocessing, paths[STANDARD], count),
        }
        for where, (here, there) in _placements(everywhere).items():
            os.sched_setaffinity(0, here)
            for server in servers:
                pin(server, there)
            yield from _each(setting, f"{TRIP}, {where}", "µs", trips)
        os.sched_setaffinity(0, everywhere)
        for server in servers:
            pin(server, everywhere)
        yield from _rates(setting, paths)


def _rates(setting: Setting, paths: Mapping[str, str]) -> Iterator[Series]:
    count = setting.pick(50, 300)
    rates = {
        BARE: throughput(ask_raw, paths[BARE], 16, count),
        OURS: throughput(ask_ipc, paths[OURS], 16, count),
        STANDARD: throughput(ask_multiprocessing, paths[STANDARD], 16, count),
    }
    yield from _each(setting, RATE, "/s", rates)
    big = setting.pick(_BIG >> 3, _BIG)
    for size, name in ((1 << 20, "1 MiB"), (big, f"{big >> 20} MiB")):
        speeds = {
            OURS: speed(fetch_ipc, paths[OURS], size),
            STANDARD: speed(fetch_multiprocessing, paths[STANDARD], size),
        }
        yield from _each(setting, f"answer of {name}", "MB/s", speeds)


def _placements(everywhere: set[int]) -> dict[str, tuple[set[int], set[int]]]:
    first, *others = sorted(everywhere)
    placements = {"anywhere": (everywhere, everywhere), "all on one processor": ({first}, {first})}
    if others:
        placements["client and server on one processor each"] = ({first}, {others[0]})
    return placements


def _each(setting: Setting, what: str, unit: str, actions: Actions) -> Iterator[Series]:
    measured = Measurements(NAME, what, unit)
    for _, (name, action) in turns(setting.rounds(2, 9), list(actions.items())):
        measured.measure(name, action)
    yield from measured.series()


@contextlib.contextmanager
def served(serve: Serve, path: str) -> Iterator[int]:
    """Run a server in a process of its own; yield the process id."""
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(serve, path), daemon=True
    )
    process.start()
    deadline = time.monotonic() + _STARTING
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise MeasurementError(f"there is no server at {path}")
        time.sleep(0.01)
    try:
        yield process.pid or 0
    finally:
        process.kill()  # it inherited our signal handlers
        process.join()


def _serve(serve: Serve, path: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    serve(path)


def pin(process: int, processors: set[int]) -> None:
    """Keep all threads of a process on some processors."""
    for thread in os.listdir(f"/proc/{process}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), processors)


def latency(ask: Ask, path: str, count: int) -> Callable[[], float]:
    """Return a function that measures the median of a round trip in microseconds."""

    def measure() -> float:
        times = []
        for _ in range(count):
            began = time.perf_counter_ns()
            ask(path)
            times.append(time.perf_counter_ns() - began)
        return statistics.median(times) / 1000

    return measure


def throughput(ask: Ask, path: str, clients: int, count: int) -> Callable[[], float]:
    """Return a function that measures the round trips a second of several processes."""

    def work() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
        for _ in range(count):
            ask(path)

    def measure() -> float:
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=work) for _ in range(clients)]
        began = time.perf_counter()
        try:
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        except BaseException:
            for process in processes:
                process.kill()
            raise
        return clients * count / (time.perf_counter() - began)

    return measure


def speed(fetch: Callable[[str, int], None], path: str, size: int) -> Callable[[], float]:
    """Return a function that measures the megabytes a second of a large answer."""

    def measure() -> float:
        repeat = max(1, (32 << 20) // size)
        began = time.perf_counter()
        for _ in range(repeat):
            fetch(path, size)
        return repeat * size / (time.perf_counter() - began) / 1e6

    return measure
