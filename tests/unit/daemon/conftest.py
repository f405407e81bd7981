"""What the tests of this folder watch with."""

import pytest
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.monitor import Monitor


@pytest.fixture
def watcher(monitor: Monitor) -> FakeWatcher:
    """Return what it watches with."""
    assert isinstance(monitor.watcher, FakeWatcher)
    return monitor.watcher
