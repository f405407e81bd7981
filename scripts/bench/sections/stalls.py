"""The longest answer: how long a client waits during one very large operation."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import trees
from bench.peers.daemons import Daemon, running
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting, turns

NAME = "stalls"
_SETTLED = 1.0  # seconds of queries after the operation
_NAP = 0.001  # seconds between two queries
_FOLDER = 100  # directories in a directory


class _Operation(NamedTuple):
    """A very large operation on a tree."""

    name: str
    prepare: Callable[[Path, Path], None]
    """Makes what it needs, given the tree and a directory outside of it."""
    run: Callable[[Path, Path], None]


def measure(setting: Setting) -> Iterator[Series]:
    """Query each daemon without a pause during each operation; the longest answer counts."""
    operations = _operations(setting.pick(20_000, 1_000_000), setting.pick(5_000, 150_000))
    with setting.directory(NAME, on_tmpfs=True) as folder:
        for number, operation in enumerate(operations):
            longest = Measurements(NAME, f"longest answer: {operation.name}", "ms")
            watchers = [
                create(folder / f"{number}-{n}")
                for n, create in enumerate(setting.daemons.values())
            ]
            for _, watcher in turns(setting.pick(1, 3), watchers):
                longest.measure(watcher.name, partial(_once, watcher, operation, setting))
            yield from longest.series()


def _once(watcher: Daemon, operation: _Operation, setting: Setting) -> float:
    outside = watcher.root.with_name(f"{watcher.root.name}-outside")
    trees.make(watcher.root, trees.QUICK, setting.git, dict(setting.environment))
    outside.mkdir()
    try:
        operation.prepare(watcher.root, outside)
        with running(watcher):
            return _longest_answer(watcher, operation, outside) * MS
    finally:
        for each in (watcher.root, outside):  # it is too deep for `shutil.rmtree`
            subprocess.run(["rm", "-rf", str(each)], check=True)


def _longest_answer(watcher: Daemon, operation: _Operation, outside: Path) -> float:
    """Return the seconds of the longest answer; the querying thread is started and joined here."""
    longest, failed = [0.0], list[Exception]()
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                began = time.perf_counter()
                watcher.query()
                longest.append(time.perf_counter() - began)
                time.sleep(_NAP)
        except FAILURES as error:
            failed.append(error)

    querying = threading.Thread(target=ask)
    querying.start()
    operation.run(watcher.root, outside)
    done.wait(_SETTLED)
    done.set()
    querying.join()
    if failed:
        raise failed[0]
    return max(longest)


def _operations(files: int, directories: int) -> list[_Operation]:
    return [
        _Operation(
            f"{files:,} files are moved in", lambda _, out: _files(out / "big", files), _move_in
        ),
        _Operation(
            f"{directories:,} directories are moved in",
            lambda _, out: _directories(out / "big", directories),
            _move_in,
        ),
        _Operation(
            f"{directories:,} directories are moved out",
            lambda root, _: _directories(root / "big", directories),
            _move_out,
        ),
        _Operation(
            "a chain of 5,000 directories is moved in", lambda _, out: _chain(out), _move_in
        ),
        _Operation(
            "1,000 directories take each other's place", lambda root, _: _row(root), _rotate
        ),
    ]


def _move_in(root: Path, outside: Path) -> None:
    (outside / "big").rename(root / "big")


def _move_out(root: Path, outside: Path) -> None:
    (root / "big").rename(outside / "big")


def _files(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        os.close(os.open(folder / f"{number}", os.O_CREAT | os.O_WRONLY))


def _directories(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / str(number // _FOLDER) / str(number)).mkdir(parents=True)


def _chain(outside: Path) -> None:
    (outside / "big").mkdir()
    handle = os.open(outside / "big", os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("deeper", dir_fd=handle)
        deeper = os.open("deeper", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)


def _row(root: Path) -> None:
    for number in range(1000):
        (root / "row" / str(number) / "below").mkdir(parents=True)


def _rotate(root: Path, _: Path) -> None:
    row = root / "row"
    (row / "999").rename(row / "aside")
    for number in range(998, -1, -1):
        (row / str(number)).rename(row / str(number + 1))
