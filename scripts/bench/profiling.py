"""Where the time goes: in the daemon during queries, and in a client process.

Run alone, by `python -m bench.profiling` in `scripts`, it prints the tables of
`docs/profile.md`.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker; strace exists only there

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

from cleaning import cleanup_on_signals

from bench import trees
from bench.peers.daemons import COMMAND, MAIN, Fsmond, running
from bench.peers.programs import MeasurementError, clean_environment
from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform

QUERIES = 20_000
_FEW = 30  # queries that answer many paths
_LINES = 14  # rows of each table
_TRACED = 2_000  # queries under strace
_ATTACHING = 10.0  # seconds that strace has to attach
_NO_STRACE = "there is no strace; try: apt-get install strace"
_COVERED = 300.0  # seconds that the daemon has to watch the tree


def profile(git: str, quick: bool, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tables by title."""
    with tempfile.TemporaryDirectory(prefix="fsmond-profile-") as folder:
        root = Path(folder).resolve() / "tree"
        paths = trees.make(root, trees.QUICK, git, environment)
        count = QUERIES // (10 if quick else 1)
        return {**_of_daemon(root, paths, count), **_of_clients(root, dict(environment))}


def _of_daemon(root: Path, paths: Sequence[str], count: int) -> dict[str, str]:
    """Profile the daemon's request handler in this process, called as by a worker thread."""
    found = {}
    with _request_handler(root) as (requests, token):
        names = itertools.cycle(paths)
        loads: dict[str, tuple[int, Callable[[], None]]] = {
            f"{count:,} queries, nothing changed": (count, lambda: None),
            f"{count:,} queries, each after one change": (count, lambda: os.utime(next(names))),
        }
        for title, (times, change) in loads.items():
            now = [token]

            def ask(change: Callable[[], None] = change, now: list[bytes] = now) -> None:
                change()
                now[0] = _query(requests, now[0])

            found[f"In the daemon: {title}"] = _profiled(ask, times)
        for path in paths:
            os.utime(path)
        title = f"In the daemon: {_FEW} queries that answer {len(paths):,} paths"
        found[title] = _profiled(lambda: _query(requests, token), _FEW)
    return found


def _query(requests: Requests, token: bytes) -> bytes:
    """Handle a query as a worker thread does; return the new token."""
    pieces: list[bytes] = []
    last = requests(token, pieces.append)
    first = pieces[0] if pieces else last
    assert isinstance(first, bytes)
    return first.partition(b"\0")[0]


@contextmanager
def _request_handler(root: Path) -> Iterator[tuple[Requests, bytes]]:
    excluded = frozenset({b".git"})
    monitor = Monitor(os.fsencode(root), watcher_for_platform, excluded=excluded)
    monitor.start(timeout=_COVERED)
    try:
        deadline = time.monotonic() + _COVERED
        while not monitor.index_worker.built and time.monotonic() < deadline:
            time.sleep(0.01)
        requests = Requests(monitor, {})
        yield requests, _query(requests, b"-")
    finally:
        monitor.stop()


def _profiled(call: Callable[[], object], count: int) -> str:
    """Return each function's own time, which includes the cost of the profiler."""
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
    """Profile the imports and system calls of the hook and of `fsmond query`."""
    found = {}
    daemon = Fsmond(root, environment)
    with running(daemon), chdir(root):
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
    output = _run([sys.executable, *words], daemon)
    rows = []
    for line in output.splitlines():
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
    output = _run(["/usr/bin/env", "strace", "-c", "-w", sys.executable, *words], daemon)
    return _summary(output)


def _under_load(daemon: Fsmond) -> str:
    """Return the system calls of the daemon during queries, with the time spent waiting."""
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
        output = strace.communicate()[1]
    return _summary(output)


def _is_traced(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)


def _summary(output: str) -> str:
    lines = [line for line in output.splitlines() if re.match(r"^\s*(%|-|\d)", line)]
    return "\n".join([*lines[: _LINES + 2], lines[-1]]) if lines else output[-500:]


def _run(words: Sequence[str], daemon: Fsmond) -> str:
    ran = subprocess.run(words, env=daemon.environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise MeasurementError(f"{' '.join(words)[:200]} failed: {ran.stderr[-300:]}")
    return ran.stderr


def main() -> int:
    """Print the tables; return the exit status."""
    with cleanup_on_signals(), tempfile.TemporaryDirectory() as home:
        tables = profile("git", quick=False, environment=clean_environment(Path(home)))
    for title, table in tables.items():
        print(f"{title}\n{table}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
