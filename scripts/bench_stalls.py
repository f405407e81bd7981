"""The longest answer: what a client waits while something very large happens at once."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import bench_trees as trees
from bench_daemons import Daemon, running
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings, turns

NAME = "stalls"
_SETTLED = 1.0  # seconds in which it is asked on, after all is done
_NAP = 0.001  # seconds between two questions
_FOLDER = 100  # directories in one


class _Scene(NamedTuple):
    """Something large that happens at once."""

    name: str
    prepare: Callable[[Path, Path], None]
    """Make it, in a directory in the tree or beside it."""
    happen: Callable[[Path, Path], None]


def measure(setting: Setting) -> Iterator[Series]:
    """Ask each again and again while something happens; the longest answer counts."""
    scenes = _scenes(setting.pick(20_000, 1_000_000), setting.pick(5_000, 150_000))
    with setting.place(NAME, fast=True) as place:
        for number, scene in enumerate(scenes):
            takings = Takings(NAME, f"longest answer: {scene.name}", "ms")
            watchers = [enter(place / f"{number}-{n}") for n, enter in _numbered(setting)]
            for _, watcher in turns(setting.pick(1, 3), watchers):
                takings.take(watcher.name, partial(_once, watcher, scene, setting))
            yield from takings.series()


def _numbered(setting: Setting) -> Iterator[tuple[int, Callable[[Path], Daemon]]]:
    yield from enumerate(setting.daemons.values())


def _once(watcher: Daemon, scene: _Scene, setting: Setting) -> float:
    outside = watcher.root.with_name(f"{watcher.root.name}-outside")
    trees.make(watcher.root, trees.QUICK, setting.git, dict(setting.environment))
    outside.mkdir()
    try:
        scene.prepare(watcher.root, outside)
        with running(watcher):
            return _longest(watcher, scene, outside) * MS
    finally:
        for each in (watcher.root, outside):  # deeper than `shutil.rmtree` can go
            subprocess.run(["rm", "-rf", str(each)], check=True)


def _longest(watcher: Daemon, scene: _Scene, outside: Path) -> float:
    """Return the seconds of the longest answer; the thread that asks is started and joined here."""
    longest, failed = [0.0], list[Exception]()
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                began = time.perf_counter()
                watcher.query()
                longest.append(time.perf_counter() - began)
                time.sleep(_NAP)
        except MEASURED as error:
            failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    scene.happen(watcher.root, outside)
    done.wait(_SETTLED)
    done.set()
    asking.join()
    if failed:
        raise failed[0]
    return max(longest)


def _scenes(files: int, directories: int) -> list[_Scene]:
    return [
        _Scene(
            f"{files:,} files are moved in", lambda _, out: _files(out / "big", files), _move_in
        ),
        _Scene(
            f"{directories:,} directories are moved in",
            lambda _, out: _directories(out / "big", directories),
            _move_in,
        ),
        _Scene(
            f"{directories:,} directories are moved out",
            lambda root, _: _directories(root / "big", directories),
            _move_out,
        ),
        _Scene("a chain of 5,000 directories is moved in", lambda _, out: _chain(out), _move_in),
        _Scene("1,000 directories take each other's place", lambda root, _: _row(root), _rotate),
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
