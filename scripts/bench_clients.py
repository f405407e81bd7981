"""How many clients are served at once: the latency each sees, and the answers a second of all."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import bench_trees as trees
from bench_daemons import Daemon, MeasurementError, running
from bench_names import LATENCY, LONGEST, RATE
from bench_results import Series
from bench_setting import MEASURED, US, Setting, Takings, turns

NAME = "clients"
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
_PATIENCE = 60.0  # seconds for all clients of a round


def measure(setting: Setting) -> Iterator[Series]:
    """Have so many processes ask one daemon at once, without a pause; nothing changes meanwhile."""
    shape = trees.QUICK
    with setting.place(NAME) as place, ExitStack() as alive:
        daemons = []
        for number, (name, enter) in enumerate(setting.daemons.items()):
            daemon = enter(place / str(number))
            trees.make(daemon.root, shape, setting.git, setting.environment)
            try:
                daemons.append(alive.enter_context(running(daemon)))
            except MEASURED as error:
                yield Series(NAME, RATE, name, "/s", (), 1, f"it does not start: {error}")
        for clients in CLIENTS:
            yield from _crowd(setting, daemons, clients)


def _crowd(setting: Setting, daemons: list[Daemon], clients: int) -> Iterator[Series]:
    rates = Takings(NAME, RATE, "/s", clients)
    longest = Takings(NAME, LONGEST, "µs", clients)
    waits: dict[str, list[float]] = {daemon.name: [] for daemon in daemons}
    each = max(setting.pick(10, 40), setting.pick(600, 4000) // clients)
    for _, daemon in turns(setting.pick(2, 9), daemons):
        try:
            taken, answers = _round(daemon, clients, each)
        except MEASURED as error:
            rates.note(daemon.name, str(error))
            continue
        waits[daemon.name] += answers
        rates.keep(daemon.name, clients * each / taken)
        longest.keep(daemon.name, max(answers))
    yield from rates.series()
    for name, values in waits.items():
        yield Series.of(NAME, LATENCY, name, "µs", values)._replace(at=clients)
    yield from longest.series()


def _round(daemon: Daemon, clients: int, each: int) -> tuple[float, list[float]]:
    """Return the seconds from the first question to the last answer, and what each took, in µs."""
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
            sender.close()  # so that a client that dies is noticed
        told = [_received(receiver) for receiver, _ in pipes]
    finally:
        for process in processes:
            if process.pid:
                process.kill()
                process.join()
        for receiver, _ in pipes:
            receiver.close()
    began, ended = min(first for first, _, _ in told), max(last for _, last, _ in told)
    return ended - began, [taken * US for _, _, times in told for taken in times]


def _received(pipe: Connection) -> tuple[float, float, list[float]]:
    if not pipe.poll(_PATIENCE):
        raise MeasurementError(f"a client had no answers after {_PATIENCE:.0f} s")
    told: tuple[float, float, list[float]] | str = pipe.recv()
    if isinstance(told, str):
        raise MeasurementError(told)
    return told


def _client(daemon: Daemon, each: int, barrier: Barrier, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    times = []
    try:
        barrier.wait(_PATIENCE)
        began = before = time.perf_counter()
        for _ in range(each):
            daemon.ask()
            now = time.perf_counter()
            times.append(now - before)
            before = now
        pipe.send((began, before, times))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
        pipe.send(f"{type(error).__name__}: {error}")
