"""What it costs to store the history while a program writes without a pause."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench import trees
from bench.names import DESIGN, QUERY_MEANWHILE, STORED_BYTES, STORING_TIME
from bench.peers.programs import MeasurementError
from bench.results import Series
from bench.setting import MS, Setting
from fsmond.monitor.monitor import Monitor
from fsmond.storage.file import HistoryFile
from fsmond.storage.identity import identity_of
from fsmond.watching.choice import watcher_for_platform

NAME = "storing"
LOADS = {"an editor": 2.0, "a build": 1000.0}  # files changed a second
_ON, _OFF = "fsmond", "fsmond, no history"
_TIMEOUT = 60.0  # seconds until the index is made and stored
_TICK = 0.5  # seconds, as in the daemon
_QUERIES = 0.02  # seconds between two queries
_WRITER = """\
import os, random, sys, time
root, rate, end = sys.argv[1], float(sys.argv[2]), time.monotonic() + float(sys.argv[3])
paths = [f"{folder}/{name}" for folder, _, names in os.walk(root) for name in names]
began, done = time.monotonic(), 0
while time.monotonic() < end:
    os.utime(random.choice(paths))
    done += 1
    time.sleep(max(0.0, began + done / rate - time.monotonic()))
"""


def measure(setting: Setting) -> Iterator[Series]:
    """Measure one process that watches and stores, as the daemon does, and queries itself."""
    seconds = setting.pick(5, 60)
    with setting.directory(NAME) as folder:
        root = folder / "tree"
        root.mkdir()
        trees.grow(root, 0, setting.pick(1_000, DESIGN))
        for load, rate in LOADS.items():
            for who in (_OFF, _ON):
                store = folder / "store" if who == _ON else None
                yield from _measured(root, store, (load, rate), seconds)


def _measured(
    root: Path, store: Path | None, load: tuple[str, float], seconds: int
) -> Iterator[Series]:
    name, rate = load
    tree = os.fsencode(root)
    monitor = Monitor(tree, watcher_for_platform, timeout=_TIMEOUT)
    file = None
    if store is not None:
        file = HistoryFile(str(store), identity_of(tree, None))
        monitor.store_in(file)
    monitor.start(timeout=_TIMEOUT)
    try:
        _until_stored(monitor, file)
        written, spent = (file.written if file else 0), _processor_time()
        words = [sys.executable, "-c", _WRITER, str(root), str(rate), str(seconds)]
        with subprocess.Popen(words) as writer:
            waits = _queries(monitor, writer)
        who = _OFF if file is None else _ON
        yield Series.of(NAME, f"{QUERY_MEANWHILE}: {name}", who, "ms", waits)
        if file is not None:
            share = (_processor_time() - spent) / seconds * 100
            yield Series(NAME, f"{STORING_TIME}: {name}", who, "%", (share,))
            megabytes = (file.written - written) / 1e6 * 60 / seconds
            yield Series(NAME, f"{STORED_BYTES}: {name}", who, "MB", (megabytes,))
    finally:
        monitor.stop()


def _until_stored(monitor: Monitor, file: HistoryFile | None) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while monitor.index_worker.state != "ready" or (file is not None and not file.written):
        if time.monotonic() > deadline:
            raise MeasurementError("the index was not made, or not stored")
        monitor.tick()
        time.sleep(_TICK)


def _queries(monitor: Monitor, writer: "subprocess.Popen[bytes]") -> list[float]:
    """Query until the writer ends; return how long each answer took, in milliseconds."""
    token, found, next_tick = monitor.query(None).token, [], 0.0
    while writer.poll() is None:
        began = time.perf_counter()
        token = monitor.query(bytes(token)).token
        found.append((time.perf_counter() - began) * MS)
        if time.monotonic() > next_tick:
            monitor.tick()
            next_tick = time.monotonic() + _TICK
        time.sleep(_QUERIES)
    return found


def _processor_time() -> float:
    """Return the seconds that the thread which stores the history has run."""
    for thread in threading.enumerate():
        if thread.name == "fsmond-history" and thread.ident is not None:
            return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return 0.0
