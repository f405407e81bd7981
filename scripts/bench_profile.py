"""Where the time goes: of queries in the daemon, and of a client from its start to its end.

By itself, `python scripts/bench_profile.py`, it prints what `bench.py` puts into the documents.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "linux"  # tells the type checker; strace is only there

import cProfile
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from types import CodeType

import bench_trees as trees
from bench_daemons import COMMAND, MAIN, Fsmond, MeasurementError, clean_environment
from bench_daemons import running as run_daemon
from cleaning import undisturbed_cleaning

from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.watching.choice import watcher_for_platform

QUERIES = 20_000
_FEW = 30  # rounds of what answers many paths
_LINES = 14  # of each table
_TRACED = 2_000  # queries while strace looks on
_ATTACHING = 10.0  # seconds in which strace has come
_NO_STRACE = "there is no strace; try: apt-get install strace"
_COVERED = 300.0  # seconds for the tree to be covered


def profile(git: str, quick: bool, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tables, each under its title."""
    with tempfile.TemporaryDirectory(prefix="fsmond-profile-") as folder:
        root = Path(folder).resolve() / "tree"
        paths = trees.make(root, trees.QUICK, git, environment)
        count = QUERIES // (10 if quick else 1)
        return {**_of_daemon(root, paths, count), **_of_clients(root, dict(environment))}


def _of_daemon(root: Path, paths: Sequence[str], count: int) -> dict[str, str]:
    """Profile the application of the server, in this process, as its workers call it."""
    found = {}
    with _answering(root) as (requests, token):
        names = itertools.cycle(paths)
        loads: dict[str, tuple[int, Callable[[], None]]] = {
            f"{count:,} queries, nothing changed": (count, lambda: None),
            f"{count:,} queries, each after one change": (count, lambda: os.utime(next(names))),
        }
        for title, (times, change) in loads.items():
            now = [token]

            def ask(change: Callable[[], None] = change, now: list[bytes] = now) -> None:
                change()
                now[0] = _asked(requests, now[0])

            found[f"In the daemon: {title}"] = _profiled(ask, times)
        for path in paths:
            os.utime(path)
        title = f"In the daemon: {_FEW} queries that answer {len(paths):,} paths"
        found[title] = _profiled(lambda: _asked(requests, token), _FEW)
    return found


def _asked(requests: Requests, token: bytes) -> bytes:
    """Ask as a worker does; return the new token."""
    pieces: list[bytes] = []
    last = requests(token, pieces.append)
    first = pieces[0] if pieces else last
    assert isinstance(first, bytes)
    return first.partition(b"\0")[0]


@contextmanager
def _answering(root: Path) -> Iterator[tuple[Requests, bytes]]:
    excluded = frozenset({b".git"})
    monitor = Monitor(os.fsencode(root), watcher_for_platform, excluded=excluded)
    monitor.start(patience=_COVERED)
    try:
        deadline = time.monotonic() + _COVERED
        while not monitor.keeper.built and time.monotonic() < deadline:
            time.sleep(0.01)
        requests = Requests(monitor, {})
        yield requests, _asked(requests, b"-")
    finally:
        monitor.stop()


def _profiled(call: Callable[[], object], count: int) -> str:
    """Return the time of each function in itself, with what the profiler costs in it."""
    began = time.perf_counter()
    for _ in range(count):
        call()
    plain = (time.perf_counter() - began) / count * 1e6
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(count):
        call()
    profiler.disable()
    entries = sorted(profiler.getstats(), key=lambda entry: -entry.inlinetime)
    whole = sum(entry.inlinetime for entry in entries)
    lines = [f"without the profiler {plain:,.1f} µs each", "share  µs each  calls each  function"]
    for entry in entries[:_LINES]:
        own = entry.inlinetime
        lines.append(
            f"{own / whole:5.0%}  {own / count * 1e6:7.2f}  {entry.callcount / count:10.2f}"
            f"  {_named(entry.code)}"
        )
    return "\n".join(lines)


def _named(code: CodeType | str) -> str:
    if isinstance(code, str):
        return code
    where = re.sub(r"^.*/(fsmond|ipc|scripts|python[\d.]+)/", r"\1/", code.co_filename)
    return f"{where}:{code.co_firstlineno}({code.co_name})"


def _of_clients(root: Path, environment: dict[str, str]) -> dict[str, str]:
    """Profile the imports of the hook and of `fsmond query`, and their system calls."""
    found = {}
    daemon = Fsmond(root, environment)
    with run_daemon(daemon), chdir(root):
        daemon.query()
        token = os.fsdecode(daemon.token)
        flags = ["-I", "-S"]
        query = ["query", "--since", token]
        clients = {
            "an empty program": ([], ["-c", "pass"]),
            "fsmond hook": (flags, [str(MAIN), "hook", "2", token]),
            "fsmond query": ([], [str(COMMAND), *query]),
        }
        for name, (options, words) in clients.items():
            options = options or flags if name == "an empty program" else options  # noqa: PLW2901
            found[f"Imports of {name}"] = _imports([*options, "-X", "importtime", *words], daemon)
            found[f"System calls of {name}"] = _system_calls([*options, *words], daemon)
        found[f"System calls of the daemon under {_TRACED:,} queries"] = _under_load(daemon)
    return found


def _imports(words: Sequence[str], daemon: Fsmond) -> str:
    told = _run([sys.executable, *words], daemon)
    rows = []
    for line in told.splitlines():
        if line.startswith("import time:") and "|" in line and "self" not in line:
            own, _, name = line.removeprefix("import time:").split("|")
            rows.append((int(own), name.strip()))
    rows.sort(reverse=True)
    whole = sum(own for own, _ in rows)
    lines = [f"{len(rows)} modules, {whole / 1000:.1f} ms in them", "µs in itself  module"]
    return "\n".join([*lines, *(f"{own:12}  {name}" for own, name in rows[:_LINES])])


def _system_calls(words: Sequence[str], daemon: Fsmond) -> str:
    if not shutil.which("strace"):
        return _NO_STRACE
    told = _run(["/usr/bin/env", "strace", "-c", "-w", sys.executable, *words], daemon)
    return _summary(told)


def _under_load(daemon: Fsmond) -> str:
    """Return what the daemon asks of the kernel, waiting included, while it is asked."""
    if not shutil.which("strace"):
        return _NO_STRACE
    words = ["strace", "-c", "-w", "-f", "-p", str(daemon.pid)]
    strace = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + _ATTACHING
        while strace.poll() is None and time.monotonic() < deadline and not _is_traced(daemon.pid):
            time.sleep(0.01)
        for _ in range(_TRACED):
            daemon.query()
    finally:
        strace.send_signal(signal.SIGINT)
        told = strace.communicate()[1]
    return _summary(told)


def _is_traced(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)


def _summary(told: str) -> str:
    lines = [line for line in told.splitlines() if re.match(r"^\s*(%|-|\d)", line)]
    return "\n".join([*lines[: _LINES + 2], lines[-1]]) if lines else told[-500:]


def _run(words: Sequence[str], daemon: Fsmond) -> str:
    ran = subprocess.run(words, env=daemon.environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MeasurementError(f"{' '.join(words)[:200]} failed: {ran.stderr[-300:]}")
    return ran.stderr


def main() -> int:
    """Print the tables; return the exit status."""
    with undisturbed_cleaning(), tempfile.TemporaryDirectory() as home:
        tables = profile("git", quick=False, environment=clean_environment(Path(home)))
    for title, table in tables.items():
        print(f"{title}\n{table}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
