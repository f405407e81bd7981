"""When changes went by unseen, and the tree had to be looked at."""

import logging
import time
from collections import deque
from typing import NamedTuple

_KEPT = 50  # that are remembered for people; older ones only count

_log = logging.getLogger(__name__)


class Resync(NamedTuple):
    """One time."""

    time: float
    """Seconds since the epoch."""
    reason: str
    detail: str


class Resyncs:
    """What there was of them since the start."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: deque[Resync] = deque(maxlen=_KEPT)
        self._unlogged: deque[Resync] = deque(maxlen=_KEPT)

    def note(self, detail: str) -> None:
        """Take notice of an overflow; one thread at a time."""
        resync = Resync(time.time(), "overflow", detail)
        self.newest.append(resync)
        self._unlogged.append(resync)
        self.count += 1

    def log(self) -> None:
        """Log those that were not yet; not in `note`, as whoever calls that holds a lock."""
        while self._unlogged:
            resync = self._unlogged.popleft()
            _log.warning("%s: %s", resync.reason, resync.detail)
