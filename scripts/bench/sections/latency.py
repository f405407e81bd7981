"""How long an answer takes: with no change, after one and after many, for each client."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from bench import trees
from bench.names import AFTER_REST, EMPTY_PROGRAM, IDLE, OLD_CHANGES, ONE
from bench.peers.clients import SocketClient, clients_of
from bench.peers.daemons import Daemon, running
from bench.results import Series
from bench.setting import FAILURES, MS, US, Measurements, Setting, turns

NAME = "latency"
COUNTS = (0, 1, 100, 10_000, 100_000)  # changes right before the query

_BLOCK = 20  # queries in a row: otherwise each daemon would find the caches of another
_REST = 0.02  # seconds; long enough for a processor to sleep
# Rounds of a quick run and of a full one, by the number of changes.
_ROUNDS = {0: (400, 3000), 1: (200, 2000), 100: (20, 300), 10_000: (3, 30), 100_000: (2, 9)}
_PROCESSES = {0: (15, 200), 1: (15, 200), 100: (6, 60), 10_000: (2, 15), 100_000: (2, 5)}
_DELIVERIES = {1: (5, 60), 100: (3, 30), 10_000: (2, 9), 100_000: (1, 3)}
_STEP = 4000  # changes between two queries when nothing is measured; so many fit the kernel's queue


def measure(setting: Setting) -> Iterator[Series]:
    """Run all daemons at the same time, each on its tree, and query them in turns.

    The libraries run alone: with a large tree, watchdog may keep a processor busy for good.
    """
    with setting.directory(NAME) as folder, ExitStack() as stack:
        clients: list[SocketClient] = []
        for number, (name, create) in enumerate(setting.daemons.items()):
            try:
                clients += _started(setting, create(folder / str(number)), stack)
            except FAILURES as error:
                yield Series(NAME, IDLE, name, "µs", (), 0, f"it does not start: {error}")
        for count in _counts(setting):
            yield from _after(setting, clients, count)
            if count == 0:
                yield from _rested(setting, _over_sockets(clients))
        yield from _again(setting, _over_sockets(clients))
    for name, create in setting.libraries.items():
        with setting.directory(NAME) as folder, ExitStack() as stack:
            try:
                (client,) = _started(setting, create(folder / "tree"), stack)
            except FAILURES as error:
                yield Series(NAME, f"{ONE}, delivery", name, "ms", (), 1, str(error))
                continue
            yield from _deliveries(setting, client)


def _started(setting: Setting, daemon: Daemon, stack: ExitStack) -> list[SocketClient]:
    """Start a daemon on a new tree; return its clients."""
    paths = trees.make(daemon.root, _shape(setting), setting.git, setting.environment)
    return clients_of(stack.enter_context(running(daemon)), paths)


def _after(setting: Setting, clients: Sequence[SocketClient], count: int) -> Iterator[Series]:
    unit, factor = ("µs", US) if count <= 100 else ("ms", MS)
    direct = [client for client in clients if not client.is_process]
    measured = Measurements(NAME, _named(count), unit, count)
    block = _BLOCK if count <= 1 else 1
    for _, client in turns(setting.rounds(*_ROUNDS[count]), direct, at_a_time=block):
        measured.measure(client.name, partial(_measured, client, count, factor))
    yield from measured.series()
    measured = Measurements(NAME, f"{_named(count)}, process", "ms", count)
    processes = [
        client
        for client in clients
        if client.is_process and not (client.name == EMPTY_PROGRAM and count)
    ]
    for _, client in turns(setting.rounds(*_PROCESSES[count]), processes):
        measured.measure(client.name, partial(_measured, client, count, MS))
    yield from measured.series()


def _deliveries(setting: Setting, client: SocketClient) -> Iterator[Series]:
    for count in _counts(setting)[1:]:
        measured = Measurements(NAME, f"{_named(count)}, delivery", "ms", count)
        for _ in range(setting.rounds(*_DELIVERIES[count])):
            measured.measure(client.name, partial(_measured, client, count, MS))
        yield from measured.series()


def _named(count: int) -> str:
    return IDLE if not count else ONE if count == 1 else f"after {count:,} changes"


def _counts(setting: Setting) -> list[int]:
    return [count for count in COUNTS if count <= _shape(setting).files]


def _shape(setting: Setting) -> trees.Shape:
    return trees.QUICK if setting.quick else trees.FULL


def _rested(setting: Setting, clients: Sequence[SocketClient]) -> Iterator[Series]:
    measured = Measurements(NAME, AFTER_REST, "µs")
    for _, client in turns(setting.rounds(30, 200), clients):
        time.sleep(_REST)
        measured.measure(client.name, partial(_measured, client, 0, US))
    yield from measured.series()


def _again(setting: Setting, clients: Sequence[SocketClient]) -> Iterator[Series]:
    """Query long after all files changed, so that the daemon only has to send the answer."""
    count = len(clients[0].paths)
    measured = Measurements(NAME, OLD_CHANGES.replace("100,000", f"{count:,}"), "ms")
    tokens = {}
    for client in clients:
        try:
            client.daemon.query()
            tokens[client] = client.daemon.token
            for _ in range(0, count, _STEP):
                client.change(_STEP)
            client.daemon.query()
        except FAILURES as error:
            measured.remark(client.name, str(error))
    for _, client in turns(setting.rounds(5, 60), clients):
        client.daemon.token = tokens.get(client, b"")
        measured.measure(client.name, partial(_all_paths, client))
    yield from measured.series()


def _measured(client: SocketClient, count: int, factor: float) -> float:
    return client.measure(client.change(count)) * factor


def _all_paths(client: SocketClient) -> float:
    return client.measure(client.paths) * MS


def _over_sockets(clients: Sequence[SocketClient]) -> list[SocketClient]:
    return [client for client in clients if type(client) is SocketClient]
