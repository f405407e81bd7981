"""The times when events were lost, and the tree had to be compared with the index."""

import logging
import time
from collections import deque
from typing import NamedTuple

_KEPT = 50  # resyncs that are kept for people; older ones are only counted

_log = logging.getLogger(__name__)


class Resync(NamedTuple):
    """One loss of events."""

    time: float
    """Seconds since the epoch."""
    reason: str
    detail: str


class Resyncs:
    """All resyncs since the start: their number, and the newest of them."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: deque[Resync] = deque(maxlen=_KEPT)
        self._unlogged: deque[Resync] = deque(maxlen=_KEPT)

    def note(self, detail: str) -> None:
        """Record an overflow; one thread at a time."""
        resync = Resync(time.time(), "overflow", detail)
        self.newest.append(resync)
        self._unlogged.append(resync)
        self.count += 1

    def log(self) -> None:
        """Log those not logged yet; `note` does not, as its caller holds a lock."""
        while self._unlogged:
            resync = self._unlogged.popleft()
            _log.warning("%s: %s", resync.reason, resync.detail)
