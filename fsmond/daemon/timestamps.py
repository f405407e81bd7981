"""Which point of a history was passed at a time: the first version of Git's hook has no tokens.

It keeps the time at which it asked last, in nanoseconds since the epoch.  So now and then the
clock is noted beside the history.  Two things would make a time mean less than it says:

- The clock may be set back.  Then a time from before may be that of a moment after, and all
  that was noted is forgotten, for times up to the latest that was seen.
- Git takes the time of now for an index that knows of no monitor yet, and then believes its
  cache of untracked files, which may be as old as the index, as far as the answer does not
  contradict (seen with git 2.39 and 2.55).  So a time counts only if the index was written
  after it, as it then was read from there.  The same happens when the hook failed: a time is
  sure only if an answer is known that was given right after it.
"""

import os
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable

from fsmond.journal.token import Token

_MOST = 4096  # points; when there are more, every second one is forgotten
_STEP = 20_000_000  # nanoseconds that the clock may seem to go back between two readings
_SLACK = 50_000_000  # nanoseconds by which a point must be older than the time; more than a step
_IN_TIME = 2_500_000_000  # nanoseconds in which an answer is there before a hook gives up
_MOST_ANSWERS = 1000
_MAX_DIGITS = 20  # of a time
_TRIES = 3  # to read two clocks at once

Clock = Callable[[], int]


class Timestamps:
    """May be used on any thread: the list of points is replaced, or grows at its end."""

    def __init__(
        self, index: bytes | None, *, clock: Clock = time.time_ns, steady: Clock = time.monotonic_ns
    ) -> None:
        self._index = index  # the path of Git's index; without one, no time counts
        self._clock = clock
        self._steady = steady
        self._points: list[tuple[int, Token]] = []  # each by the time when it was the newest
        self._read = (0, 0)  # both clocks, when they were read last
        self._answers: deque[tuple[int, bool]] = deque(maxlen=_MOST_ANSWERS)
        self._latest = 0  # of all times before the clock was last set back

    def note(self, token: Token) -> None:
        """Take notice that the history stood here, a moment ago."""
        if self._index is None:
            return
        now = self._now()
        points = self._points
        if not points or points[-1][1] != token:
            points.append((now, token))
        if len(points) > _MOST:
            self._points = points[::2]

    def token_at(self, text: bytes) -> Token | None:
        """Return a token that is no newer than the time in a request, if that counts."""
        if self._index is None or not text.isdigit() or len(text) > _MAX_DIGITS:
            return None
        self._now()  # it may have been set back
        asked = int(text)
        points = self._points
        try:
            if not self._latest < asked <= os.stat(self._index).st_mtime_ns:
                return None
        except OSError:
            return None
        at = bisect_right(points, asked - _SLACK, key=lambda point: point[0])
        return points[at - 1][1]._replace(is_unsure=not self._was_told_at(asked)) if at else None

    def note_answer(self, *, told: bool) -> None:
        """Take notice that who asked with a time was told what changed, or everything, if not."""
        self._answers.append((self._now(), told))

    def forget(self) -> None:
        """Have no time until now count: it was asked with for another tree, or in another view."""
        self._latest = max(self._latest, self._now())
        self._points = []

    def _was_told_at(self, asked: int) -> bool:
        answers = [told for at, told in list(self._answers) if asked <= at <= asked + _IN_TIME]
        return bool(answers) and all(answers)

    def _now(self) -> int:
        """Read the clock, and see whether it was set back."""
        for _ in range(_TRIES):
            begin = self._steady()
            now = self._clock()
            steady = self._steady()
            if steady - begin < _STEP // 4:
                break  # nobody held us up in between
        before, steady_before = self._read
        self._read = now, steady
        passed = steady - steady_before
        if now - before < passed - _STEP:
            self._latest = max(self._latest, before + passed)
            self._points = []
        return now
