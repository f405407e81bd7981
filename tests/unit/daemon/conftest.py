"""What the tests of this folder watch with."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import until
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests

PATIENCE = 0.05  # seconds
Make = Callable[..., Monitor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Provide a way to make monitors of an empty tree; they end with the test."""
    made: list[Monitor] = []

    def make(watcher: type[FakeWatcher] = FakeWatcher, **options: Any) -> Monitor:
        made.append(Monitor(os.fsencode(tmp_path), watcher, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def watcher(monitor: Monitor) -> FakeWatcher:
    """Return what it watches with."""
    assert isinstance(monitor.watcher, FakeWatcher)
    return monitor.watcher


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return one that has started."""
    return started(make(patience=PATIENCE))


@pytest.fixture
def requests(monitor: Monitor) -> Requests:
    """Return what answers for the monitor."""
    return Requests(monitor, {"socket": "/socket", "last_error": lambda: "a fault"})


def started(monitor: Monitor) -> Monitor:
    """Start it, and wait until it has its index."""
    monitor.start()
    until(lambda: monitor.keeper.built)
    return monitor


def token_of(missed: Missed) -> bytes:
    """Return the token as a client has it."""
    return bytes(missed.token)
