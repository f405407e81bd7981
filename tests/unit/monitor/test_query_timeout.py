"""No client waits longer than the monitor's timeout, however long the lock is held."""

import threading
import time
from collections.abc import Callable

import pytest
from support.fake_watcher import FakeWatcher
from unit.conftest import Make

from fsmond.monitor.monitor import Monitor

TIMEOUT = 0.05  # seconds
MARGIN = 0.5  # seconds, for a busy machine
AT_ONCE = 5.0  # seconds; far more than anything here takes unless it is blocked


class PatientWatcher(FakeWatcher):
    """Waits for the lock until the deadline, as real watchers do."""

    def sync(self, deadline: float) -> str | None:
        if not self.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return "sync-timeout"
        self.lock.release()
        return None


class HastyWatcher(FakeWatcher):
    """Had the lock a moment ago, before another thread took it."""

    def sync(self, deadline: float) -> str | None:
        self.deadlines.append(deadline)
        return None


# With HastyWatcher, and in `flush`, it is the monitor that waits for the lock.
@pytest.mark.parametrize("watcher_class", [PatientWatcher, HastyWatcher])
@pytest.mark.parametrize(
    "request_it",
    [
        lambda monitor: monitor.query(None),
        lambda monitor: monitor.query(b"rubbish"),
        lambda monitor: monitor.flush(),
    ],
    ids=["query", "query with a token", "flush"],
)
def test_a_lock_that_is_never_released_blocks_no_client(
    request_it: Callable[[Monitor], object], watcher_class: type[FakeWatcher], make: Make
) -> None:
    """Git waits for an answer without a limit, so the monitor must have one."""
    monitor = make(watcher_class, timeout=TIMEOUT)
    asking = threading.Thread(target=request_it, args=(monitor,), name="asking")
    with monitor._lock:
        asking.start()
        asking.join(TIMEOUT + MARGIN)
        still_waiting = asking.is_alive()
    asking.join(AT_ONCE)

    assert not still_waiting
