"""Log problems with clients, each kind at most once a minute."""

import logging
import threading
import time
from contextlib import suppress

logger = logging.getLogger("ipc")

INTERVAL = 60.0  # seconds after a warning in which others of its kind are only counted


class RateLimitedLog:
    """A log with a rate limit for each kind of problem; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards everything below
        self._last: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def warn(self, kind: str, message: str, error: BaseException | None = None) -> None:
        """Log a problem, unless one of its kind was logged less than a minute ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(kind, -INTERVAL) < INTERVAL:
                self._suppressed[kind] = self._suppressed.get(kind, 0) + 1
                return
            self._last[kind] = now
            suppressed = self._suppressed.pop(kind, 0)
        if suppressed:
            message += f" ({suppressed} more of this kind were not logged)"
        with suppress(Exception):  # a handler with a closed stream must not end a worker
            logger.warning(message, exc_info=error)
