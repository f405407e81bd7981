"""Map times to tokens: version 1 of Git's hook protocol has times instead of tokens.

Git keeps the time of its last query, in nanoseconds since the epoch.  So the current token is
recorded with the time now and then.  A time cannot always be trusted:

- The clock may be set back.  Then a time from before may stand for a moment after.  So all
  recorded points are dropped, and times up to the latest one seen are ignored.
- For an index without a monitor's mark Git sends the current time, and then believes its cache
  of untracked files wherever the answer does not contradict it, although that cache may be as
  old as the index (seen with git 2.39 and 2.55).  So a time counts only if the index was
  written after it: then Git read the time from the index.  The same happens after the hook
  failed: so the token is provisional unless an answer is known that was given right after the
  time.
"""

import os
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable

from fsmond.journal.token import Token

_MAX_POINTS = 4096  # points; when there are more, every second one is dropped
_STEP = 20_000_000  # nanoseconds; a smaller step back between two readings is ignored
_SLACK = 50_000_000  # nanoseconds by which a point must be older than the time; more than _STEP
_IN_TIME = 2_500_000_000  # nanoseconds; a later answer comes after the hook gave up
_MAX_ANSWERS = 1000
_MAX_DIGITS = 20  # of a time
_TRIES = 3  # to read both clocks without a delay in between

Clock = Callable[[], int]


class Timestamps:
    """Safe to use on any thread: the list of points is replaced, or grows at its end."""

    def __init__(
        self, index: bytes | None, *, clock: Clock = time.time_ns, steady: Clock = time.monotonic_ns
    ) -> None:
        self._index = index  # the path of Git's index; without one, no time is accepted
        self._clock = clock
        self._steady = steady
        self._points: list[tuple[int, Token]] = []  # (when the token was the newest, token)
        self._read = (0, 0)  # both clocks at the last reading
        self._answers: deque[tuple[int, bool]] = deque(maxlen=_MAX_ANSWERS)
        self._latest = 0  # the latest time before the clock was last set back

    def note(self, token: Token) -> None:
        """Record that this was the newest token a moment ago."""
        if self._index is None:
            return
        now = self._now()
        points = self._points
        if not points or points[-1][1] != token:
            points.append((now, token))
        if len(points) > _MAX_POINTS:
            self._points = points[::2]

    def token_at(self, text: bytes) -> Token | None:
        """Return a token no newer than the time in a request; None if that is not accepted."""
        if self._index is None or not text.isdigit() or len(text) > _MAX_DIGITS:
            return None
        self._now()  # the clock may have been set back
        asked = int(text)
        points = self._points
        try:
            if not self._latest < asked <= os.stat(self._index).st_mtime_ns:
                return None
        except OSError:
            return None
        at = bisect_right(points, asked - _SLACK, key=lambda point: point[0])
        if not at:
            return None
        return points[at - 1][1]._replace(is_provisional=not self._had_paths_after(asked))

    def note_answer(self, *, had_paths: bool) -> None:
        """Record an answer to a query with a time; `had_paths`: it was not "everything"."""
        self._answers.append((self._now(), had_paths))

    def forget(self) -> None:
        """Accept no time until now: a query with a time was for another tree or view."""
        self._latest = max(self._latest, self._now())
        self._points = []

    def _had_paths_after(self, asked: int) -> bool:
        until = asked + _IN_TIME
        answers = [had_paths for at, had_paths in list(self._answers) if asked <= at <= until]
        return bool(answers) and all(answers)

    def _now(self) -> int:
        """Read the clock; drop all points if it was set back."""
        for _ in range(_TRIES):
            begin = self._steady()
            now = self._clock()
            steady = self._steady()
            if steady - begin < _STEP // 4:
                break  # the two clocks were read without a delay in between
        before, steady_before = self._read
        self._read = now, steady
        passed = steady - steady_before
        if now - before < passed - _STEP:
            self._latest = max(self._latest, before + passed)
            self._points = []
        return now
