"""What is counted by `perf_guard`: none of it depends on how fast, or how busy, a machine is."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "linux"  # tells the type checker; strace is only there

import os
import re
import signal
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from pathlib import Path

import bench_trees as trees
from bench_daemons import BARE_PYTHON, COMMAND, MAIN, Fsmond, MeasurementError, exchange

from fsmond.daemon.chronicle import Chronicle
from fsmond.index.tree import Index
from fsmond.journal.history import Journal

QUERIES = 200
PATHS = 20_000
_AT_ONCE = 10  # paths of one batch of events
_ROUNDS = 50  # events on each path; a dict that is changed again and again grows once
_ATTACHING = 10.0  # seconds in which strace has come
_NAP = 0.01  # seconds
_RUNS = 3  # of each program whose instructions are counted; the least counts
_COLLECTED = re.compile(r"Collected : (\d+)")
_STRACED = re.compile(r"^\d+ +\w+\(")
_CHANCE = re.compile(r"^futex|EAGAIN|SO_RCVTIMEO|^poll\(\[\{fd=\d+, events=POLLIN\}\], 1, 1\)")

# Says what was imported when a program has ended.
_REPORT = """\
import posix, sys
posix._exit = sys.exit
before, sys.argv = set(sys.modules), sys.argv[1:]
door = {"__name__": "__main__", "__package__": None, "__file__": sys.argv[0]}
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), door)
finally:
    print(len(set(sys.modules) - before), file=sys.stderr)
"""

# Is asked so many times, in one process, as the daemon is; a query is the difference.
_ASKED = """\
import os, sys
from functools import partial
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.watching.choice import watcher_for_platform
monitor = Monitor(os.fsencode(sys.argv[1]), watcher_for_platform, excluded=frozenset({b".git"}))
monitor.start(patience=300)
while not monitor.keeper.built: os.sched_yield()
requests = Requests(monitor, {})
token = requests(b"-", len).partition(b"\\0")[0]
for _ in range(int(sys.argv[2])): requests(token, len)
monitor.stop()
"""


def imported(daemon: Fsmond, *command: str) -> int:
    """Return how many modules a command loads that the bare interpreter has not."""
    words = [*BARE_PYTHON, "-c", _REPORT, str(MAIN), *command]
    ran = _run(words, daemon)
    return int(ran.stderr.split()[-1])


def calls_of_process(daemon: Fsmond, *command: str) -> int:
    """Return how many system calls a command makes that an empty program does not."""
    return _calls(daemon, [*BARE_PYTHON, str(MAIN), *command]) - _calls(
        daemon, [*BARE_PYTHON, "-c", "pass"]
    )


def calls_of_query(daemon: Fsmond, change: Callable[[], None]) -> int:
    """Return how many system calls a worker makes for a query, after a change each.

    Without those that waiting for a slow client takes, or for another thread: that is chance.
    """
    daemon.query()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        strace = subprocess.Popen(["strace", "-f", "-qq", "-o", log, "-p", str(daemon.pid)])
        try:
            _await_tracer(daemon.pid)
            for _ in range(QUERIES):
                change()
                daemon.understand(exchange(daemon.address, daemon.request()))
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait()
        with log.open() as lines:
            return min(_conversations(_finished(lines)))


def watches_by_directory(daemon: Fsmond, shape: trees.Shape) -> float:
    """Return how many inotify watches there are for each directory of the tree."""
    infos = Path(f"/proc/{daemon.pid}/fdinfo").iterdir()
    watches = sum(info.read_text().count("inotify wd:") for info in infos)
    return watches / (shape.directories + 1)


def instructions(daemon: Fsmond, *command: str) -> float:
    """Return the instructions of a command beyond an empty program's, as a share of those."""
    floor = _instructions(daemon, [*BARE_PYTHON, "-c", "pass"])
    return _instructions(daemon, [*BARE_PYTHON, str(MAIN), *command]) / floor - 1


def instructions_of_query(daemon: Fsmond) -> float:
    """Return the instructions of a query in the daemon, in thousandths of an empty program's."""
    floor = _instructions(daemon, [*BARE_PYTHON, "-c", "pass"])
    words = [sys.executable, "-c", _ASKED, str(daemon.root)]
    none, many = (_instructions(daemon, [*words, str(count)]) for count in (0, 10 * QUERIES))
    return (many - none) / (10 * QUERIES) / floor * 1000


def bytes_kept_by_path() -> float:
    """Return how much of memory the journal keeps for a path that changed."""
    return _allocated(again=False)


def bytes_kept_by_event() -> float:
    """Return how much it keeps for an event on a path that is in it already."""
    return _allocated(again=True)


def _finished(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each system call that has ended: its thread, and what strace wrote of it."""
    begun: dict[str, str] = {}
    for line in lines:
        thread, _, call = line.rstrip().partition(" ")
        if call.endswith("<unfinished ...>"):
            begun[thread] = call
        else:
            yield thread, begun.pop(thread, "").strip() + call.strip()


def _conversations(calls: Iterable[tuple[str, str]]) -> Iterator[int]:
    """Yield how many calls a thread made from one `accept` to its next one, without that."""
    made: dict[str, int] = {}
    for thread, call in calls:
        if call.startswith("accept"):
            if made.get(thread):
                yield made[thread]
            made[thread] = 0
        elif thread in made and not _CHANCE.search(call):
            made[thread] += 1


def _allocated(*, again: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = os.fsencode(folder)
        journal = Journal("0" * 16)
        chronicle = Chronicle(root, Index(root), journal)
        paths = [b"directory/%d/file%d" % (number % 100, number) for number in range(PATHS)]
        if again:
            chronicle.record(paths)
        rounds = _ROUNDS if again else 1
        tracemalloc.start()
        try:
            for at in range(0, PATHS * rounds, _AT_ONCE):
                chronicle.record(paths[at % PATHS : at % PATHS + _AT_ONCE])
            return tracemalloc.get_traced_memory()[0] / (PATHS * rounds)
        finally:
            tracemalloc.stop()


def _run(words: list[str], daemon: Fsmond) -> "subprocess.CompletedProcess[str]":
    with chdir(daemon.root):
        ran = subprocess.run(
            words, env=daemon.environment, capture_output=True, text=True, check=False
        )
    if ran.returncode:
        raise MeasurementError(f"{' '.join(words)[:200]} failed: {ran.stderr[-500:]}")
    return ran


def _calls(daemon: Fsmond, words: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        _run(["/usr/bin/env", "strace", "-f", "-qq", "-o", str(log), *words], daemon)
        return sum(_STRACED.match(line) is not None for line in log.open())


def _instructions(daemon: Fsmond, words: list[str]) -> int:
    callgrind = ["/usr/bin/env", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    counts = []
    for _ in range(_RUNS):
        found = _COLLECTED.search(_run([*callgrind, *words], daemon).stderr)
        if found is None:
            raise MeasurementError("valgrind tells no instructions")
        counts.append(int(found[1]))
    return min(counts)


def _await_tracer(pid: int) -> None:
    deadline = time.monotonic() + _ATTACHING
    tasks = Path(f"/proc/{pid}/task")
    while any("TracerPid:\t0\n" in (task / "status").read_text() for task in tasks.iterdir()):
        if time.monotonic() > deadline:
            raise MeasurementError("strace does not come; may it trace other processes here?")
        time.sleep(_NAP)


def command_is_there() -> bool:
    """Say whether fsmond is installed beside this Python."""
    return COMMAND.exists()
