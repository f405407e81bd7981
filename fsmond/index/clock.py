"""The time that files are stamped with, and whether it went back.

When a clock that was ahead is set right, a file that changes afterwards gets an older time than one
that changed before.  So a time can be compared with another only if the clock did not go back.
"""

import time
from collections.abc import Callable

_STEP = 10_000_000  # nanoseconds by which the clock may seem to go back between two readings

Reading = Callable[[], int]


class Clock:
    """Not thread-safe."""

    def __init__(self, wall: Reading | None = None, steady: Reading | None = None) -> None:
        self.went_back = False
        """Whether it did since it was read first."""
        self._wall = wall or time.time_ns
        self._steady = steady or time.monotonic_ns
        self._read = self._wall(), self._steady()

    def steady(self) -> int:
        """Return nanoseconds since whenever, by the clock that nobody sets."""
        return self._steady()

    def read(self) -> int:
        """Return nanoseconds since the epoch; see whether it was set back."""
        # Who is held up between the two finds that less time passed by the wall clock.  To be
        # wrong in this direction costs a client one answer of everything.
        now, steady = self._wall(), self._steady()
        before, steady_before = self._read
        self._read = now, steady
        if now - before < steady - steady_before - _STEP:
            self.went_back = True
        return now
