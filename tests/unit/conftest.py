"""Monitors with a fake watcher, for the tests of this folder."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until

from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Changes, Monitor

TIMEOUT = 0.05  # seconds
Make = Callable[..., Monitor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes monitors of an empty tree; stop them after the test."""
    made: list[Monitor] = []

    def make(watcher: type[FakeWatcher] = FakeWatcher, **options: Any) -> Monitor:
        made.append(Monitor(os.fsencode(tmp_path), watcher, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def watcher(monitor: Monitor) -> FakeWatcher:
    """Return the monitor's watcher."""
    assert isinstance(monitor.watcher, FakeWatcher)
    return monitor.watcher


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return a started monitor."""
    return started(make(timeout=TIMEOUT))


@pytest.fixture
def requests(monitor: Monitor) -> Requests:
    """Return the requests of the monitor."""
    return Requests(monitor, {"socket": "/socket", "last_error": lambda: "a fault"})


def started(monitor: Monitor) -> Monitor:
    """Start a monitor, and wait until its index is built."""
    monitor.start()
    until(lambda: monitor.index_worker.built)
    return monitor


def token_of(changes: Changes) -> bytes:
    """Return the token as a client sends it."""
    return bytes(changes.token)
