"""Write a log on a thread of its own: a frozen disk, or a full pipe, must block no other thread."""

import logging
import queue
import threading
import time
from collections.abc import Callable

_QUEUE_SIZE = 1000  # messages that wait to be written; further ones are only counted
_CLOSE_TIMEOUT = 1.0  # seconds in which waiting messages are written at the end


class LogWriter(logging.Handler):
    """Passes each record to another handler, on the thread that creates that handler.

    `start` starts the thread; `close` joins it, unless it is blocked.
    """

    def __init__(self, make: Callable[[], logging.Handler]) -> None:
        super().__init__()
        self._make = make
        self._queue: queue.Queue[Callable[[logging.Handler], None] | None] = queue.Queue(
            _QUEUE_SIZE
        )
        self._dropped = 0  # changed without a lock: a small error does no harm
        self._thread = threading.Thread(target=self._run, name="fsmond-log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; called by `logging`."""

        def write(handler: logging.Handler) -> None:
            handler.handle(record)

        self.submit(write)

    def submit(self, task: Callable[[logging.Handler], None]) -> None:
        """Queue a task for the thread, which calls it with the handler."""
        try:
            self._queue.put_nowait(task)
        except queue.Full:
            self._dropped += 1

    def drain(self, timeout: float = _CLOSE_TIMEOUT) -> bool:
        """Wait until all queued records are written; return False at the timeout, in seconds."""
        done = threading.Event()
        self.submit(lambda _: done.set())
        return done.wait(timeout)

    def close(self) -> None:
        """Write what is queued, and join the thread, unless it is blocked.  Any thread."""
        deadline = time.monotonic() + _CLOSE_TIMEOUT
        if self._thread.is_alive():
            try:
                self._queue.put(None, timeout=_CLOSE_TIMEOUT)
            except queue.Full:
                return
            self._thread.join(max(0.0, deadline - time.monotonic()))
        super().close()

    @property
    def is_blocked(self) -> bool:
        """Whether the thread is still running after `close`."""
        return self._thread.is_alive()

    def _run(self) -> None:
        handler = self._make()
        while task := self._queue.get():
            task(handler)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                text = f"{dropped} messages were not logged: too many at once, or a slow disk"
                handler.handle(logging.makeLogRecord({"levelname": "WARNING", "msg": text}))
        handler.close()
