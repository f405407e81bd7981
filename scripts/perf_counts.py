"""The counts of `perf_guard`; none depends on how fast or how busy the machine is."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker; strace exists only there

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

from bench import trees
from bench.peers.daemons import BARE_PYTHON, COMMAND, MAIN, Fsmond, exchange
from bench.peers.programs import MeasurementError

from fsmond.index.tree import Index
from fsmond.journal.history import Journal
from fsmond.monitor.change_recorder import ChangeRecorder

QUERIES = 200
PATHS = 20_000
_AT_ONCE = 10  # paths in one batch of events
_ROUNDS = 50  # events on each path; a dict that is changed again and again grows only once
_ATTACHING = 10.0  # seconds that strace has to attach
_NAP = 0.01  # seconds between two checks
_RUNS = 3  # of each program whose instructions are counted; the lowest count is taken
_COLLECTED = re.compile(r"Collected : (\d+)")
_STRACED = re.compile(r"^\d+ +\w+\(")
_VARYING = re.compile(r"^futex|EAGAIN|SO_RCVTIMEO|^poll\(\[\{fd=\d+, events=POLLIN\}\], 1, 1\)")

# Runs a program, and prints how many modules it imported.
_COUNT_IMPORTS = """\
import posix, sys
posix._exit = sys.exit
before, sys.argv = set(sys.modules), sys.argv[1:]
entry = {"__name__": "__main__", "__package__": None, "__file__": sys.argv[0]}
try:
    exec(compile(open(sys.argv[0]).read(), sys.argv[0], "exec"), entry)
finally:
    print(len(set(sys.modules) - before), file=sys.stderr)
"""

# Handles so many queries as the daemon does, in one process; a query costs the difference.
_HANDLE_QUERIES = """\
import os, sys, time
from functools import partial
from fsmond.monitor.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.watching.choice import watcher_for_platform
monitor = Monitor(os.fsencode(sys.argv[1]), watcher_for_platform, excluded=frozenset({b".git"}))
monitor.start(timeout=300)
monitor.index_worker.wait_until_built(time.monotonic() + 300)
requests = Requests(monitor, {})
token = requests(b"-", len).partition(b"\\0")[0]
for _ in range(int(sys.argv[2])): requests(token, len)
monitor.stop()
"""


def imported(daemon: Fsmond, *command: str) -> int:
    """Return how many modules a command imports beyond those of the bare interpreter."""
    words = [*BARE_PYTHON, "-c", _COUNT_IMPORTS, str(MAIN), *command]
    ran = _run(words, daemon)
    return int(ran.stderr.split()[-1])


def calls_of_process(daemon: Fsmond, *command: str) -> int:
    """Return how many system calls a command makes beyond those of an empty program."""
    return _calls(daemon, [*BARE_PYTHON, str(MAIN), *command]) - _calls(
        daemon, [*BARE_PYTHON, "-c", "pass"]
    )


def calls_of_query(daemon: Fsmond, change: Callable[[], None]) -> int:
    """Return how many system calls a worker thread makes for a query, each after a change.

    Calls that wait for a slow client or for another thread are left out: their number varies.
    """
    daemon.query()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        strace = subprocess.Popen(["strace", "-f", "-qq", "-o", log, "-p", str(daemon.pid)])
        try:
            _wait_for_strace(daemon.pid)
            for _ in range(QUERIES):
                change()
                daemon.parse(exchange(daemon.address, daemon.request()))
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait()
        with log.open() as lines:
            return min(_calls_between_accepts(_finished(lines)))


def watches_by_directory(daemon: Fsmond, shape: trees.Shape) -> float:
    """Return how many inotify watches there are for each directory of the tree."""
    infos = Path(f"/proc/{daemon.pid}/fdinfo").iterdir()
    watches = sum(info.read_text().count("inotify wd:") for info in infos)
    return watches / (shape.directories + 1)


def instructions(daemon: Fsmond, *command: str) -> float:
    """Return the instructions of a command beyond an empty program's, as a share of the latter."""
    floor = _instructions(daemon, [*BARE_PYTHON, "-c", "pass"])
    return _instructions(daemon, [*BARE_PYTHON, str(MAIN), *command]) / floor - 1


def instructions_of_query(daemon: Fsmond) -> float:
    """Return the instructions of a query in the daemon, in thousandths of an empty program's."""
    floor = _instructions(daemon, [*BARE_PYTHON, "-c", "pass"])
    words = [sys.executable, "-c", _HANDLE_QUERIES, str(daemon.root)]
    none, many = (_instructions(daemon, [*words, str(count)]) for count in (0, 10 * QUERIES))
    return (many - none) / (10 * QUERIES) / floor * 1000


def bytes_kept_by_path() -> float:
    """Return how many bytes the journal keeps for a path that changed."""
    return _bytes_kept(repeated=False)


def bytes_kept_by_event() -> float:
    """Return how many bytes it keeps for another event on a path that it has."""
    return _bytes_kept(repeated=True)


def _finished(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the thread of each finished system call, and the line of strace."""
    unfinished: dict[str, str] = {}
    for line in lines:
        thread, _, call = line.rstrip().partition(" ")
        if call.endswith("<unfinished ...>"):
            unfinished[thread] = call
        else:
            yield thread, unfinished.pop(thread, "").strip() + call.strip()


def _calls_between_accepts(calls: Iterable[tuple[str, str]]) -> Iterator[int]:
    """Yield how many calls a thread made between one `accept` and the next."""
    made: dict[str, int] = {}
    for thread, call in calls:
        if call.startswith("accept"):
            if made.get(thread):
                yield made[thread]
            made[thread] = 0
        elif thread in made and not _VARYING.search(call):
            made[thread] += 1


def _bytes_kept(*, repeated: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        root = os.fsencode(folder)
        journal = Journal("0" * 16)
        recorder = ChangeRecorder(root, Index(root), journal)
        paths = [b"directory/%d/file%d" % (number % 100, number) for number in range(PATHS)]
        if repeated:
            recorder.record(paths)
        rounds = _ROUNDS if repeated else 1
        tracemalloc.start()
        try:
            for at in range(0, PATHS * rounds, _AT_ONCE):
                recorder.record(paths[at % PATHS : at % PATHS + _AT_ONCE])
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
            raise MeasurementError("valgrind prints no number of instructions")
        counts.append(int(found[1]))
    return min(counts)


def _wait_for_strace(pid: int) -> None:
    deadline = time.monotonic() + _ATTACHING
    tasks = Path(f"/proc/{pid}/task")
    while any("TracerPid:\t0\n" in (task / "status").read_text() for task in tasks.iterdir()):
        if time.monotonic() > deadline:
            raise MeasurementError("strace does not attach; may it trace other processes here?")
        time.sleep(_NAP)


def is_command_installed() -> bool:
    """Return whether fsmond is installed beside this Python."""
    return COMMAND.exists()
