"""When the index is brought up to date: when it is quiet, and not too often."""

PAUSE = 1.0  # seconds at least between two times
SHARE = 20  # times as long as that took it is left alone: a twentieth of a processor, at most
LATEST = 10.0  # seconds after which it is done even if changes don't end


class Schedule:
    """Knows no clock: all times are given, in seconds of one that goes steadily."""

    def __init__(self) -> None:
        self._behind_since: float | None = None
        self._seen = 0
        self._rest_until = 0.0

    def is_due(self, now: float, busy: int, *, behind: bool) -> bool:
        """Say whether to do it now; `busy` is more with each change, and each question."""
        quiet, self._seen = busy == self._seen, busy
        if not behind:
            self._behind_since = None
            return False
        if self._behind_since is None:
            self._behind_since = now
        return now >= self._rest_until and (quiet or now > self._behind_since + LATEST)

    def done(self, began: float, now: float) -> None:
        """Take notice that it was done."""
        self._rest_until = now + max(PAUSE, SHARE * (now - began))
        self._behind_since = None
