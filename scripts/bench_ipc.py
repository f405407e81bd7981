#!/usr/bin/env python3
"""Measure `ipc` beside `multiprocessing.connection` and a bare socket, in one run.

The three take turns, round by round, so that whatever else the machine does hits all of them.
Figures are medians over the rounds, with the quartiles; ratios are medians of those in a round.
"""

import argparse
import contextlib
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from ipc_rivals import (
    ask_ipc,
    ask_multiprocessing,
    ask_raw,
    fetch_ipc,
    fetch_multiprocessing,
    serve_bare,
    serve_ipc,
    serve_multiprocessing,
)

if sys.platform != "linux":
    raise SystemExit("processes are pinned to processors here, as only Linux can")

BIG = 256 << 20
ROUNDS = 9

Serve = Callable[[str], None]
Ask = Callable[[str], None]


@contextlib.contextmanager
def served(serve: Serve, path: str) -> Iterator[int]:
    """Run a server in a process of its own; yield its id."""
    process = multiprocessing.get_context("fork").Process(target=serve, args=(path,), daemon=True)
    process.start()
    while not os.path.exists(path):
        time.sleep(0.01)
    try:
        yield process.pid or 0
    finally:
        process.terminate()
        process.join()


def pin(process: int, processors: set[int]) -> None:
    """Keep all threads of a process on some processors."""
    for thread in os.listdir(f"/proc/{process}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), processors)


def each_round(actions: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Let all take turns, and return what each measured."""
    results: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        for name, action in actions.items():
            results[name].append(action())
    return results


def show(title: str, results: dict[str, list[float]], unit: str, base: str) -> None:
    """Print a table of medians, spreads, and ratios to the one named `base`."""
    print(f"\n{title}")
    for name, values in results.items():
        low, middle, high = statistics.quantiles(values, n=4)
        ratios = [one / other for one, other in zip(values, results[base], strict=True)]
        print(
            f"  {name:34} {middle:10.1f} {unit}   ({low:.1f} to {high:.1f})"
            f"   {statistics.median(ratios):5.2f} x {base}"
        )


def latency(ask: Ask, path: str, count: int = 600) -> Callable[[], float]:
    """Return how to measure the median microseconds of a round trip."""

    def measure() -> float:
        times = []
        for _ in range(count):
            began = time.perf_counter_ns()
            ask(path)
            times.append(time.perf_counter_ns() - began)
        return statistics.median(times) / 1000

    return measure


def throughput(ask: Ask, path: str, clients: int, count: int = 300) -> Callable[[], float]:
    """Return how to measure round trips a second of several processes at once."""

    def work() -> None:
        for _ in range(count):
            ask(path)

    def measure() -> float:
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=work) for _ in range(clients)]
        began = time.perf_counter()
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        return clients * count / (time.perf_counter() - began)

    return measure


def speed(fetch: Callable[[str, int], None], path: str, size: int) -> Callable[[], float]:
    """Return how to measure the megabytes a second of a large answer."""

    def measure() -> float:
        repeat = max(1, (32 << 20) // size)
        began = time.perf_counter()
        for _ in range(repeat):
            fetch(path, size)
        return repeat * size / (time.perf_counter() - began) / 1e6

    return measure


def main() -> None:
    """Measure everything, or what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave the pinned measurements out")
    quick = parser.parse_args().quick
    everywhere = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        bare, standard, ours = (f"{folder}/{name}" for name in ("bare", "mp", "ipc"))
        servers = [
            stack.enter_context(served(serve, path))
            for serve, path in (
                (serve_bare, bare),
                (serve_multiprocessing, standard),
                (serve_ipc, ours),
            )
        ]
        round_trips = {
            "bare": latency(ask_raw, bare),
            "ipc, asked by a bare socket": latency(ask_raw, ours),
            "ipc": latency(ask_ipc, ours),
            "multiprocessing.connection": latency(ask_multiprocessing, standard),
        }
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, {ROUNDS} rounds")
        first, *others = sorted(everywhere)
        places = {"anywhere": (everywhere, everywhere)}
        if not quick:
            places["all on one processor"] = ({first}, {first})
        if others and not quick:
            places["client and server on one processor each"] = ({first}, {others[0]})
        for place, (here, there) in places.items():
            os.sched_setaffinity(0, here)
            for server in servers:
                pin(server, there)
            show(f"round trip, one client, {place}", each_round(round_trips), "us", "bare")
        os.sched_setaffinity(0, everywhere)
        for server in servers:
            pin(server, everywhere)
        show(
            "round trips a second, 16 clients",
            each_round(
                {
                    "bare": throughput(ask_raw, bare, 16),
                    "ipc": throughput(ask_ipc, ours, 16),
                    "multiprocessing.connection": throughput(ask_multiprocessing, standard, 16),
                }
            ),
            "/s",
            "bare",
        )
        for size, name in ((1 << 20, "1 MiB"), (BIG, "256 MiB")):
            show(
                f"answer of {name}",
                each_round(
                    {
                        "multiprocessing.connection": speed(fetch_multiprocessing, standard, size),
                        "ipc": speed(fetch_ipc, ours, size),
                    }
                ),
                "MB/s",
                "multiprocessing.connection",
            )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    main()
