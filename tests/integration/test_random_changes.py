"""Answers held against the tree, over random changes of every kind."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import truth
from tree_changes import Changes

from fsmond.daemon.monitor import Missed, Monitor
from fsmond.watching.choice import watcher_for_platform

ROUNDS = 40
BIG = 2000  # paths; a tree that has grown so is cut
WITHOUT = ("hard_link",)  # a change by one name is not yet reported under the others
_WRITER = """
import random, sys
from pathlib import Path
from tree_changes import Changes
root, outside, seed, count = sys.argv[1:]
changes = Changes(Path(root), Path(outside), random.Random(int(seed)), without={without!r})
changes.make(int(count))
"""

Watch = Callable[[], Monitor]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Make a place for a tree, and one beside it."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    return root, outside


@pytest.fixture
def watch(folders: tuple[Path, Path]) -> Iterator[Watch]:
    """Provide a monitor of the tree, to be made when the tree is."""
    monitors = []

    def watch() -> Monitor:
        monitor = Monitor(os.fsencode(folders[0]), watcher_for_platform, patience=30)
        monitors.append(monitor)
        monitor.start()
        return monitor

    yield watch
    for each in monitors:
        each.stop()


def _covers_just_the_tree(monitor: Monitor, now: dict[bytes, truth.Signature]) -> bool:
    directories = sum(path.endswith(b"/") for path in now) + 1
    return monitor.watcher.counts().directories == directories


@pytest.mark.parametrize("most", [1, 8, 50])
def test_no_change_is_missed_between_two_queries(
    folders: tuple[Path, Path], watch: Watch, most: int
) -> None:
    """Whatever was done, and however often, since the last one."""
    seed = random.randrange(10**6)
    changes = Changes(*folders, random.Random(seed), without=WITHOUT)
    changes.grow(15, 30)
    monitor = watch()
    token, before = monitor.query(None).token, truth.look(folders[0])

    for _ in range(ROUNDS):
        begin = len(changes.log)
        changes.make(random.randint(1, most))
        if len(truth.look(folders[0])) > BIG:
            shutil.rmtree(folders[0] / "a", ignore_errors=True)
        missed = monitor.query(bytes(token))
        after = truth.look(folders[0])

        assert missed.paths is not None, missed.reason
        left_out = truth.missed(before, after, missed.paths)
        assert not left_out, f"seed {seed}: {left_out}, by {changes.log[begin:]}"
        token, before = missed.token, after

    assert _covers_just_the_tree(monitor, before), f"seed {seed}"


def test_no_change_is_missed_while_others_go_on(folders: tuple[Path, Path], watch: Watch) -> None:
    """Two processes change the tree at the same time, and queries are asked all the while."""
    seed = random.randrange(10**6)
    Changes(*folders, random.Random(seed)).grow(15, 30)
    monitor = watch()
    first = monitor.query(None).token
    before = truth.look(folders[0])
    command = [sys.executable, "-c", _WRITER.format(without=WITHOUT), *map(str, folders)]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}

    writers = [
        subprocess.Popen([*command, str(seed + number), "300"], env=where) for number in range(2)
    ]
    answers: list[Missed] = [Missed(first, [], None)]
    while any(writer.poll() is None for writer in writers):
        answers.append(monitor.query(bytes(answers[-1].token)))
    answers.append(monitor.query(bytes(answers[-1].token)))
    after = truth.look(folders[0])

    told = [path for answer in answers for path in answer.paths or []]
    if all(answer.paths is not None for answer in answers):
        left_out = truth.missed(before, after, told)
        assert not left_out, f"seed {seed}: {left_out}"
    assert _covers_just_the_tree(monitor, after), f"seed {seed}"
