"""What is measured.  The contestants take turns, so that all meet the same machine.

Nothing sleeps between two measurements, so that who is still busy with the change before is asked
all the same; but for one, which is about daemons that have rested.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench_daemons import (
    BARE_PYTHON,
    COMMAND,
    MAIN,
    Daemon,
    Fsmond,
    MeasurementError,
    exchange,
    restart,
    run,
)
from bench_figures import Figures, Row

US, MS = 1e6, 1e3  # in a second
HOOK_OVER_FLOOR = 3.0  # ms; the design's
QUERY_OVER_FLOOR = 5.0  # ms; the design's
MEMORY_LIMIT = 32.0  # MB; the design's
BLOCK = 20  # queries before the other's turn: else each would meet the other's caches half the time
REST = 0.02  # seconds; long enough for a processor to go to sleep
HOT_PATHS = 10_000  # paths that change again and again
_BATCH = 4_000  # changes between two queries: a quarter of what the kernel's queue holds

_Each = TypeVar("_Each")


class Contest(NamedTuple):
    """Who is measured, and how often."""

    daemons: Sequence[Daemon]
    paths: Sequence[Sequence[str]]
    """The files in each one's tree."""
    rounds: int


def turns(
    rounds: int, contestants: Sequence[_Each], *, at_a_time: int = 1
) -> Iterator[tuple[int, _Each]]:
    """Yield each contestant so many times, with its number; who was last is first the next time."""
    numbered = list(enumerate(contestants))
    for done in range(0, rounds, at_a_time):
        for each in numbered:
            yield from [each] * min(at_a_time, rounds - done)
        numbered.reverse()


def row(
    what: str, times: Sequence[Sequence[float]], factor: float, at_most: float | None = None
) -> Row:
    """Make a line of the times in seconds."""
    figures = [Figures.of([each * factor for each in taken]) for taken in times]
    return Row.of(what, figures, at_most)


def start(contest: Contest, tree: str) -> Row:
    """Measure from the start of the command to the answer; what changes next must be seen."""
    times: list[list[float]] = [[] for _ in contest.daemons]
    for number, daemon in turns(contest.rounds, contest.daemons):
        times[number].append(restart(daemon))
        _change(contest.paths[number][0])
        _expect(daemon, contest.paths[number][0], daemon.query())
    return row(f"start to first answer, {tree}, ms", times, MS, 0.45)


def query_idle(contest: Contest) -> Row:
    """Measure a query when nothing changed."""
    times: list[list[float]] = [[] for _ in contest.daemons]
    for daemon in contest.daemons:
        daemon.query()
    for number, daemon in turns(contest.rounds, contest.daemons, at_a_time=BLOCK):
        times[number].append(_timed(daemon)[0])
    return row("query, nothing changed, us", times, US, 0.4)


def query_rested(contest: Contest) -> Row:
    """Measure a query when nothing happened for a while, as between two prompts of a person.

    Threads sleep then, and caches are other programs': what any daemon pays to be woken.
    """
    times: list[list[float]] = [[] for _ in contest.daemons]
    for number, daemon in turns(contest.rounds, contest.daemons):
        time.sleep(REST)
        times[number].append(_timed(daemon)[0])
    what = f"query, nothing changed, after {REST * MS:.0f} ms of rest, us"
    return row(what, times, US)


def query_after_change(contest: Contest) -> Row:
    """Measure a query right after one file was changed, which must be in the answer."""
    times: list[list[float]] = [[] for _ in contest.daemons]
    order = turns(contest.rounds, contest.daemons, at_a_time=BLOCK)
    for turn, (number, daemon) in enumerate(order):
        path = contest.paths[number][turn * 7 % len(contest.paths[number])]  # here and there
        _change(path)
        taken, answer = _timed(daemon)
        times[number].append(taken)
        _expect(daemon, path, daemon.understand(answer))
    return row("query, right after one change, us", times, US, 0.55)


def query_many(contest: Contest) -> Row:
    """Measure a query that answers every file of the tree."""
    times: list[list[float]] = [[] for _ in contest.daemons]
    before = []
    for daemon, paths in zip(contest.daemons, contest.paths, strict=True):
        daemon.query()
        before.append(daemon.token)
        touch(daemon, paths, len(paths))
    for number, daemon in turns(contest.rounds, contest.daemons):
        daemon.token = before[number]
        taken, answer = _timed(daemon)
        times[number].append(taken)
        found = len(set(daemon.understand(answer)))
        if found < len(contest.paths[number]):
            raise MeasurementError(f"{daemon.name} lost files: it answered {found} paths")
    return row(f"query, {len(contest.paths[0]):,} paths, ms", times, MS, 0.6)


def processes(daemon: Fsmond, rounds: int) -> list[Row]:
    """Measure whole processes, in the daemon's tree and a clean environment."""
    daemon.query()
    token = os.fsdecode(daemon.token)
    commands = (
        [*BARE_PYTHON, "-c", "pass"],
        [*BARE_PYTHON, str(MAIN), "hook", "2", token],
        [str(COMMAND), "query", "--since", token],
    )
    times: list[list[float]] = [[] for _ in commands]
    with chdir(daemon.root):
        for number, words in turns(rounds, commands):
            started = time.perf_counter()
            if run(words, daemon.environment):
                raise MeasurementError(f"{' '.join(words)} failed")
            times[number].append((time.perf_counter() - started) * MS)
    floor, hook, query = map(Figures.of, times)
    return [
        Row("process: python -I -S -c pass (the floor), ms", floor),
        Row("process: hook, ms", hook, limit=floor.median + HOOK_OVER_FLOOR),
        Row("process: fsmond query, ms", query, limit=floor.median + QUERY_OVER_FLOOR),
    ]


def memory(daemons: Sequence[Daemon], when: str) -> Row:
    """Measure what is resident now."""
    made = Row.of(f"memory {when}, MB", [Figures.of([daemon.memory()]) for daemon in daemons])
    return made._replace(limit=MEMORY_LIMIT if when == "after start" else None)


def touch(daemon: Daemon, paths: Sequence[str], events: int) -> None:
    """Cause so many events, going round the paths, as fast as the daemon can keep up with.

    A query after each batch waits until it has; bursts are another measurement.
    """
    for begin in range(0, events, _BATCH):
        for number in range(begin, min(begin + _BATCH, events)):
            os.utime(paths[number % len(paths)])
        daemon.query()


def burst(daemon: Daemon, count: int) -> tuple[float, str]:
    """Make and delete files without a pause; return files a second, and what became of them."""
    directory = daemon.root / "burst"
    directory.mkdir(exist_ok=True)
    daemon.query()
    names = [f"{directory}/{os.urandom(4).hex()}-{number}" for number in range(count)]
    overflows = _overflows(daemon)
    taken = _make_and_delete(names)
    try:
        found = set(daemon.query())
    except OSError:
        return count / taken, "ended"
    if found == {b"/"}:
        return count / taken, "everything"
    lost = sum(f"burst/{Path(name).name}".encode() not in found for name in names)
    return count / taken, f"{lost:,} lost, {_overflows(daemon) - overflows} overflows"


def _make_and_delete(names: Sequence[str]) -> float:
    make: Callable[[str], None] = os.mknod
    started = time.perf_counter()
    for name in names:
        make(name)
        os.unlink(name)
    return time.perf_counter() - started


def _overflows(daemon: Daemon) -> int:
    return int(str(daemon.status()["resynced"])) if isinstance(daemon, Fsmond) else 0


def _timed(daemon: Daemon) -> tuple[float, bytes]:
    address, request = daemon.address, daemon.request()
    started = time.perf_counter()
    answer = exchange(address, request)
    return time.perf_counter() - started, answer


def _change(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)


def _expect(daemon: Daemon, path: str, answer: Sequence[bytes]) -> None:
    if os.path.relpath(path, daemon.root).encode() not in answer:
        raise MeasurementError(f"{daemon.name} missed {path}: it answered {answer[:5]}")
