"""Tell the log what went wrong with a client, once and not in a loop."""

import logging
import threading
import time
from contextlib import suppress

logger = logging.getLogger("ipc")

SPELL = 60.0  # seconds in which a repeated trouble is only counted


class Notes:
    """Remembers what has been logged lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards what follows
        self._last: dict[str, float] = {}
        self._passed_over: dict[str, int] = {}

    def say(self, kind: str, message: str, error: BaseException | None = None) -> None:
        """Log a trouble, unless one of its kind was logged less than a minute ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(kind, -SPELL) < SPELL:
                self._passed_over[kind] = self._passed_over.get(kind, 0) + 1
                return
            self._last[kind] = now
            more = self._passed_over.pop(kind, 0)
        if more:
            message += f" ({more} more of this kind were not logged)"
        with suppress(Exception):  # a handler that has lost its stream must not end a worker
            logger.warning(message, exc_info=error)
