"""`git status` prints the same in each mode in which a tree can be watched, over days of work.

If directories are scanned for each query, no event reports a file that was created and deleted.
Yet git takes a file that it created itself for unchanged since its last query.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import pause, status, until
from support.work.days import wild_days
from support.work.person import Person
from support.work.repositories import Repository, make
from support.work.same_status import compare
from support.work.ways_of_asking import asking, program_of
from support.work.with_git import create_then_delete

if sys.platform != "linux":
    pytest.skip("only the inotify watcher has these modes", allow_module_level=True)

SEED = os.environ.get("FSMOND_SEED")
SECONDS = float(os.environ.get("FSMOND_MATRIX_SECONDS", "1"))
QUEUED = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture(params=["scan", "few", pytest.param("overflow", marks=pytest.mark.slow)])
def mode(request: pytest.FixtureRequest) -> str:
    """Return the mode in which the tree is watched."""
    return str(request.param)


@pytest.fixture(params=["system-hook-2", "modern-builtin"])
def way(request: pytest.FixtureRequest) -> str:
    """Return the way in which git queries fsmond."""
    return str(request.param)


@pytest.fixture
def repository(tmp_path: Path, way: str, mode: str) -> Iterator[Repository]:
    """Provide a repository that is watched in that mode."""
    made = make("plain", tmp_path, program_of(way), 400)
    with asking(made, way, cache="true", mode="auto" if mode == "overflow" else mode):
        yield made


def test_status_is_the_same(repository: Repository, mode: str) -> None:
    """First with files that are created and deleted, then with work of any kind."""
    seed = int(SEED or random.randrange(10**6))
    person = Person(repository, random.Random(seed))
    for number, _ in enumerate(create_then_delete(person), start=1):
        if mode == "overflow" and number % 4 == 0:
            overflow(repository.root)
        compare(repository, f"at pause {number} (seed {seed})")

    end = time.monotonic() + SECONDS
    for when in wild_days(person, "plain"):
        if mode == "overflow" and person.chance.random() < 0.2:
            overflow(repository.root)
        compare(repository, f"{when} (seed {seed})")
        if time.monotonic() > end:
            break


def overflow(root: Path) -> None:
    """Make the daemon lose events, among them those of a file that was created and deleted."""
    daemon, folder = status(root)["pid"], root / "src"
    before = status(root)["resynced"]
    pause(daemon)
    try:
        for _ in range(int(QUEUED.read_text()) // 6 + 1):
            for name in ("burst-1", "burst-2"):  # alternating, as the kernel merges equal events
                (folder / name).touch()
                (folder / name).unlink()
    finally:
        os.kill(daemon, signal.SIGCONT)
    until(lambda: status(root)["resynced"] > before)
