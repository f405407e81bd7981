"""The clock that file times come from, and whether it was set back.

If a clock that was ahead is corrected, a file that changes afterwards gets an older time than one
that changed before.  So two times can be compared only if the clock was not set back in between.
"""

import time
from collections.abc import Callable

_STEP = 10_000_000  # nanoseconds; a smaller step back between two readings is ignored

Reading = Callable[[], int]


class Clock:
    """Reads the wall clock, and detects whether it was set back; not thread-safe."""

    def __init__(self, wall: Reading | None = None, steady: Reading | None = None) -> None:
        self.went_back = False
        """Whether the clock was set back since the first reading."""
        self._wall = wall or time.time_ns
        self._steady = steady or time.monotonic_ns
        self._read = self._wall(), self._steady()

    def steady(self) -> int:
        """Return nanoseconds since an arbitrary point, by the monotonic clock."""
        return self._steady()

    def read(self) -> int:
        """Return nanoseconds since the epoch; check whether the clock was set back."""
        # A delay between the two readings looks like a step back.  That error costs a client only
        # one answer of "everything".
        now, steady = self._wall(), self._steady()
        before, steady_before = self._read
        self._read = now, steady
        if now - before < steady - steady_before - _STEP:
            self.went_back = True
        return now
