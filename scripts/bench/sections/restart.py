"""What a restart costs: until an old token is answered exactly, and the first `git status`.

The daemon is stopped, files are changed while nobody watches, and it is started again.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from bench import trees
from bench.names import BARE_WALK, DESIGN, EXACT_AFTER, FIRST_STATUS, NEXT_STATUS
from bench.peers.daemons import Daemon, Fsmond
from bench.peers.git_setups import GitSetup, find_gits, git_environment, setups_of
from bench.peers.programs import MeasurementError, call
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting

NAME = "restart"
SIZES = (1_000, 5_000, DESIGN, 20_000, 50_000)  # directories
_QUICK_SIZES = (300, 1_000)
CHANGES = (0, 100, 10_000)  # files changed while nobody watches
_EXTRA = 64  # paths that an exact answer may have besides those that changed
_TIMEOUT = 60.0  # seconds that a daemon has to answer exactly, or to store its history
_NAP = 0.05  # seconds between two looks at the status


def measure(setting: Setting) -> Iterator[Series]:
    """Measure tokens on a tree that grows, then `git status` on the design's tree."""
    with setting.directory(NAME) as folder:
        root = folder / "tree"
        root.mkdir()
        call([setting.git, "init", "--quiet", str(root)], setting.environment)
        made = 0
        for size in _QUICK_SIZES if setting.quick else SIZES:
            trees.grow(root, made, size)
            made = size
            yield from _tokens(setting, root, size)
        shutil.rmtree(root)
        yield from _status(setting, folder)


def _tokens(setting: Setting, root: Path, size: int) -> Iterator[Series]:
    daemons = [create(root) for create in setting.daemons.values()]
    walk = Measurements(NAME, BARE_WALK, "ms", size)
    rounds = setting.rounds(2, 5)
    for _ in range(rounds):
        walk.measure("Python", lambda: _walk(root) * MS)
    yield from walk.series()
    for count in CHANGES:
        if count > size * trees.FILES_IN_EACH:
            continue
        exact = Measurements(NAME, f"{EXACT_AFTER}: {count:,}", "ms", size)
        for daemon in daemons:
            for number in range(rounds):
                changed = _some_files(root, size, count, number)
                exact.measure(daemon.name, partial(_until_exact, daemon, changed))
            with suppress(*FAILURES):
                daemon.stop()
        yield from exact.series()


def _until_exact(daemon: Daemon, changed: Sequence[Path]) -> float:
    """Restart a daemon; return the milliseconds until its answer is what changed meanwhile."""
    daemon.stop()
    daemon.launch()
    _await_history(daemon)
    daemon.query()
    daemon.stop()
    for path in changed:
        os.utime(path)
    wanted = {os.fsencode(path.relative_to(daemon.root)) for path in changed}
    token, began = daemon.token, time.perf_counter()
    daemon.start()
    while time.perf_counter() < began + _TIMEOUT:
        daemon.token = token
        found = daemon.query()
        taken = time.perf_counter() - began
        if b"/" not in found:
            if not wanted <= {*found} or len(found) > len(wanted) + _EXTRA:
                raise MeasurementError(f"it answered {len(found)} paths instead of {len(wanted)}")
            return taken * MS
        if not isinstance(daemon, Fsmond):  # no later answer has more
            raise MeasurementError(
                f"to an old token it answers that everything may have changed, after {taken:.2f} s"
            )
    raise MeasurementError(f"it gave no exact answer for {_TIMEOUT:.0f} s")


def _await_history(daemon: Daemon) -> None:
    """Wait until the tree has been indexed, and its index stored."""
    deadline = time.perf_counter() + _TIMEOUT
    while isinstance(daemon, Fsmond):
        status = daemon.status()
        history = status["history"]
        if status["state"] == "ready" and isinstance(history, dict) and history["stored"]:
            return
        if time.perf_counter() > deadline:
            raise MeasurementError(f"it stores no history: {history}")
        time.sleep(_NAP)


def _some_files(root: Path, size: int, count: int, seed: int) -> list[Path]:
    chosen = random.Random(seed).sample(range(size * trees.FILES_IN_EACH), count)
    return [trees.file_of(root, number) for number in chosen]


def _walk(root: Path) -> float:
    """Return the seconds in which Python takes the status of everything in a tree."""
    began = time.perf_counter()
    for folder, directories, files in os.walk(root):
        for name in (*directories, *files):
            os.lstat(f"{folder}/{name}")
    return time.perf_counter() - began


def _status(setting: Setting, folder: Path) -> Iterator[Series]:
    environment = git_environment(folder, setting.environment)
    git = find_gits(environment)[0]
    setups, absent = setups_of(git, folder, environment)
    for who, reason in absent.items():
        yield Series(NAME, FIRST_STATUS, who, "ms", (), None, reason)
    with ExitStack() as stack:
        for setup in setups:
            setup.build(trees.QUICK if setting.quick else trees.FULL)
            stack.enter_context(setup.monitor)
            setup.status()
            setup.status()  # with a monitor, the second fills the cache of untracked files
        for setup in setups:
            if setup.daemon is not None:
                _await_history(setup.daemon)
        yield from _statuses(setups, setting.rounds(3, 15))


def _statuses(setups: Sequence[GitSetup], rounds: int) -> Iterator[Series]:
    first = Measurements(NAME, FIRST_STATUS, "ms")
    following = Measurements(NAME, NEXT_STATUS, "ms")
    for turn in range(rounds):
        outputs: dict[str, bytes] = {}
        for setup in random.sample(setups, len(setups)):
            if setup.daemon is not None:
                setup.daemon.stop()
            setup.change(turn)
            began = time.perf_counter()
            if setup.daemon is not None:
                setup.daemon.start()
            outputs[setup.name] = setup.status()[1]
            first.add(setup.name, (time.perf_counter() - began) * MS)
            following.add(setup.name, setup.status()[0] * MS)
        _check_equal(outputs)
    yield from first.series()
    yield from following.series()


def _check_equal(outputs: Mapping[str, bytes]) -> None:
    (name, expected), *rest = outputs.items()
    for who, output in rest:
        if output != expected:
            raise MeasurementError(f"git prints {output!r} for {who}, {expected!r} for {name}")
