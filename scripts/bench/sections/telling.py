"""How soon a program that waits is told of a change, and what a thousand of them cost."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker

import json
import os
import resource
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import ipc
from bench import trees
from bench.names import TOLD_AFTER, WAITING_MEMORY, WAITING_TIME
from bench.peers.daemons import COMMAND, Fsmond, running
from bench.peers.programs import MeasurementError
from bench.peers.watchman import NO_SPAWN, Watchman
from bench.results import Series
from bench.setting import FAILURES, MS, US, Setting

NAME = "telling"
_WATCHFILES = """\
import os, sys
from watchfiles import watch
for _ in watch(sys.argv[1], watch_filter=None, debounce=1, step=1, rust_timeout=10_000):
    os.write(1, b"changed\\n")
"""
_PAUSE = 0.03  # seconds between two changes, so that each is a batch of its own
_ARRIVAL_TIMEOUT = 30.0  # seconds in which all clients wait
_QUIET = 2.0  # seconds in which a program is ready to tell
_TIMEOUT = 10.0  # seconds in which a change is told
_DESCRIPTORS = 20_000

Start = Callable[[], AbstractContextManager[int]]
"""Starts a program; yields the descriptor to which it writes when it tells of a change."""


def measure(setting: Setting) -> Iterator[Series]:
    """Measure all who can tell, one after another on one tree; then many clients of fsmond."""
    with setting.directory(NAME) as folder:
        root = folder / "tree"
        shape = trees.QUICK if setting.quick else trees.FULL
        paths = trees.make(root, shape, setting.git, setting.environment)
        for who, start in _programs(setting, folder, root).items():
            try:
                with start() as descriptor:
                    waits = _waits(paths, descriptor, setting.rounds(50, 300))
            except FAILURES as error:
                yield Series(NAME, TOLD_AFTER, who, "µs", (), said=str(error))
            else:
                yield Series.of(NAME, TOLD_AFTER, who, "µs", waits)
        yield from _many(setting, root)


def _programs(setting: Setting, folder: Path, root: Path) -> dict[str, Start]:
    environment = dict(setting.environment)
    found: dict[str, Start] = {
        "fsmond": lambda: _telling_fsmond(Fsmond(root, environment)),
        "watchfiles": lambda: _printing(
            [sys.executable, "-c", _WATCHFILES, str(root)], environment
        ),
    }
    if "Watchman" in setting.daemons:
        found["Watchman"] = lambda: _telling_watchman(Watchman(root, folder / "w", environment))
    if shutil.which("inotifywait"):
        events = "modify,create,delete,move,close_write,attrib"
        words = ["inotifywait", "-q", "-m", "-r", "-e", events, str(root)]
        found["inotifywait"] = lambda: _printing(words, environment)
    return found


@contextmanager
def _printing(
    words: list[str], environment: Mapping[str, str], said: bytes | None = None
) -> Iterator[int]:
    """Run a program that prints when something changed; `said`: what it reads first."""
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if said is not None:
                process.stdin.write(said)
                process.stdin.flush()
            time.sleep(_QUIET)
            yield process.stdout.fileno()
        finally:
            process.kill()


@contextmanager
def _telling_fsmond(daemon: Fsmond) -> Iterator[int]:
    words = [str(COMMAND), "subscribe", str(daemon.root), "--json", "--settle=0"]
    with running(daemon), _printing(words, daemon.environment) as descriptor:
        yield descriptor


@contextmanager
def _telling_watchman(server: Watchman) -> Iterator[int]:
    (server.root / ".watchmanconfig").write_text('{"settle": 1}', encoding="ascii")
    request = ["subscribe", str(server.root), "bench", {"fields": ["name"]}]
    words = [*NO_SPAWN, "--persistent", "--json-command", "--no-pretty"]
    said = json.dumps(request).encode() + b"\n"
    with running(server), _printing(words, server.environment, said) as descriptor:
        yield descriptor


def _waits(paths: list[str], descriptor: int, count: int) -> list[float]:
    """Change files, one at a time; return the time from each system call until that was told."""
    found = []
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        for number in range(count):
            time.sleep(_PAUSE)
            while selector.select(0):
                os.read(descriptor, 1 << 16)
            changed = os.open(paths[number * 37 % len(paths)], os.O_WRONLY | os.O_APPEND)
            began = time.perf_counter()
            os.write(changed, b"x")
            if not selector.select(_TIMEOUT):
                raise MeasurementError(f"a change was not told within {_TIMEOUT:g} s")
            found.append((time.perf_counter() - began) * US)
            os.close(changed)
    return found


def _many(setting: Setting, root: Path) -> Iterator[Series]:
    """Let many clients wait, each with filters of its own; make changes that concern one."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    count = setting.pick(100, 1_000)
    daemon = Fsmond(root, dict(setting.environment))
    with running(daemon), ExitStack() as stack:
        before = daemon.memory()
        clients = [stack.enter_context(ipc.connect(daemon.address)) for _ in range(count)]
        for number, client in enumerate(clients):
            wanted = {"include": [f"/wanted{number}.*"], "exclude": ["*.o", "build/"]}
            request = {"command": "subscribe", "settle": 0, **wanted}
            client.stream_command(json.dumps(request).encode())
        deadline = time.monotonic() + _ARRIVAL_TIMEOUT
        while daemon.status()["waiting"] != count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all {count} clients were heard")
            time.sleep(_PAUSE)
        kilobytes = (daemon.memory() - before) * 1000 / count
        who = f"fsmond, {count:,} clients that wait"
        yield Series(NAME, WAITING_MEMORY, who, "kB", (kilobytes,))
        spent, turns = daemon.processor_time(), range(setting.rounds(10, 100))
        waits = [_told_alone(root, clients, number * 37 % count) for number in turns]
        yield Series.of(NAME, TOLD_AFTER, who, "µs", waits)
        each = (daemon.processor_time() - spent) / len(waits) * MS
        yield Series(NAME, WAITING_TIME, who, "ms", (each,))


def _told_alone(root: Path, clients: list[ipc.Connection], number: int) -> float:
    """Make a change that concerns one; return the time until it was told, and nobody else."""
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.fileno(), selectors.EVENT_READ)
        time.sleep(_PAUSE)
        began = time.perf_counter()
        (root / f"wanted{number}.txt").touch()
        if not selector.select(_TIMEOUT):
            raise MeasurementError(f"a change was not told within {_TIMEOUT:g} s")
        passed = (time.perf_counter() - began) * US
        time.sleep(_PAUSE)
        told = [key.fd for key, _ in selector.select(0)]
    if told != [clients[number].fileno()]:
        raise MeasurementError(f"{len(told)} clients were told of a change that concerns one")
    os.read(told[0], 1 << 16)
    return passed
