"""However long the tree's lock is held, no client waits for longer than the monitor's patience."""

import threading
import time
from collections.abc import Callable

import pytest
from unit.daemon.conftest import Make
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.monitor import Monitor

PATIENCE = 0.05  # seconds
MARGIN = 0.5  # seconds, for a busy machine
AT_ONCE = 5.0  # seconds; far more than anything here takes when nothing holds it up


class PatientWatcher(FakeWatcher):
    """Waits for the lock no longer than it may, as real ones do."""

    def sync(self, deadline: float) -> str | None:
        if not self.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return "sync-timeout"
        self.lock.release()
        return None


class HastyWatcher(FakeWatcher):
    """Had the lock a moment ago, before somebody else took it."""

    def sync(self, deadline: float) -> str | None:
        self.deadlines.append(deadline)
        return None


# Shows a defect for those with HastyWatcher, and for `flush`: they wait for the lock without limit.
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
def test_a_lock_that_is_never_given_back_holds_up_no_client(
    request_it: Callable[[Monitor], object], watcher_class: type[FakeWatcher], make: Make
) -> None:
    """Git waits for an answer without a limit, so there must be one."""
    monitor = make(watcher_class, patience=PATIENCE)
    asking = threading.Thread(target=request_it, args=(monitor,), name="asking")
    with monitor._lock:
        asking.start()
        asking.join(PATIENCE + MARGIN)
        still_waiting = asking.is_alive()
    asking.join(AT_ONCE)

    assert not still_waiting
