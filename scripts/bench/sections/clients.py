"""Many clients at once: the latency of each, and the latencies a second of all."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from bench import trees
from bench.names import LATENCY, LONGEST, RATE
from bench.peers.daemons import Daemon, running
from bench.peers.programs import MeasurementError
from bench.results import Series
from bench.setting import FAILURES, US, Measurements, Setting, turns

NAME = "clients"
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
_TIMEOUT = 60.0  # seconds that all clients of a round have


def measure(setting: Setting) -> Iterator[Series]:
    """Have many processes query one daemon at once, without a pause and without changes."""
    shape = trees.QUICK
    with setting.directory(NAME) as folder, ExitStack() as stack:
        daemons = []
        for number, (name, create) in enumerate(setting.daemons.items()):
            daemon = create(folder / str(number))
            trees.make(daemon.root, shape, setting.git, setting.environment)
            try:
                daemons.append(stack.enter_context(running(daemon)))
            except FAILURES as error:
                yield Series(NAME, RATE, name, "/s", (), 1, f"it does not start: {error}")
        for clients in CLIENTS:
            yield from _at_once(setting, daemons, clients)


def _at_once(setting: Setting, daemons: list[Daemon], clients: int) -> Iterator[Series]:
    rates = Measurements(NAME, RATE, "/s", clients)
    longest = Measurements(NAME, LONGEST, "µs", clients)
    latencies: dict[str, list[float]] = {daemon.name: [] for daemon in daemons}
    each = max(setting.pick(10, 40), setting.pick(600, 4000) // clients)
    for _, daemon in turns(setting.rounds(2, 9), daemons):
        try:
            seconds, answers = _round(daemon, clients, each)
        except FAILURES as error:
            rates.remark(daemon.name, str(error))
            continue
        latencies[daemon.name] += answers
        rates.add(daemon.name, clients * each / seconds)
        longest.add(daemon.name, max(answers))
    yield from rates.series()
    for name, values in latencies.items():
        yield Series.of(NAME, LATENCY, name, "µs", values)._replace(at=clients)
    yield from longest.series()


def _round(daemon: Daemon, clients: int, each: int) -> tuple[float, list[float]]:
    """Return the seconds from the first query to the last answer, and each latency in µs."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(clients)
    pipes = [context.Pipe(duplex=False) for _ in range(clients)]
    processes = [
        context.Process(target=_client, args=(daemon, each, barrier, sender), daemon=True)
        for _, sender in pipes
    ]
    try:
        for process in processes:
            process.start()
        for _, sender in pipes:
            sender.close()  # so that the end of a client is noticed
        received = [_received(receiver) for receiver, _ in pipes]
    finally:
        for process in processes:
            if process.pid:
                process.kill()
                process.join()
        for receiver, _ in pipes:
            receiver.close()
    started, ended = min(first for first, _, _ in received), max(last for _, last, _ in received)
    return ended - started, [seconds * US for _, _, times in received for seconds in times]


def _received(pipe: Connection) -> tuple[float, float, list[float]]:
    if not pipe.poll(_TIMEOUT):
        raise MeasurementError(f"a client had no answer after {_TIMEOUT:.0f} s")
    message: tuple[float, float, list[float]] | str = pipe.recv()
    if isinstance(message, str):
        raise MeasurementError(message)
    return message


def _client(daemon: Daemon, each: int, barrier: Barrier, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    times = []
    try:
        barrier.wait(_TIMEOUT)
        started = before = time.perf_counter()
        for _ in range(each):
            daemon.ask()
            now = time.perf_counter()
            times.append(now - before)
            before = now
        pipe.send((started, before, times))
    except Exception as error:  # noqa: BLE001 - the parent reports it, whatever it is
        pipe.send(f"{type(error).__name__}: {error}")
