"""Write a log on a thread of its own: a disk that is frozen, or a pipe, must hold up nobody."""

import logging
import queue
import threading
import time
from collections.abc import Callable

_MOST = 1000  # messages that wait to be written; what comes then is only counted
_LEAVE = 1.0  # seconds in which what waits is written in the end


class LogWriter(logging.Handler):
    """Hands each record to another handler, which is made on the thread that writes.

    The thread is started by `start`, and joined by `close` unless it is held up.
    """

    def __init__(self, make: Callable[[], logging.Handler]) -> None:
        super().__init__()
        self._make = make
        self._todo: queue.Queue[Callable[[logging.Handler], None] | None] = queue.Queue(_MOST)
        self._dropped = 0  # by whoever logs; a few more or less do no harm
        self._thread = threading.Thread(target=self._run, name="fsmond-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Have a record written soon; called by `logging`."""

        def write(handler: logging.Handler) -> None:
            handler.handle(record)

        self.do(write)

    def do(self, what: Callable[[logging.Handler], None]) -> None:
        """Have something done with the log's file soon."""
        try:
            self._todo.put_nowait(what)
        except queue.Full:
            self._dropped += 1

    def drain(self, patience: float = _LEAVE) -> bool:
        """Say whether all until now is written, within so many seconds."""
        done = threading.Event()
        self.do(lambda _: done.set())
        return done.wait(patience)

    def close(self) -> None:
        """Write what waits, and end the thread; leave it alone if it is held up.  Any thread."""
        deadline = time.monotonic() + _LEAVE
        if self._thread.is_alive():
            try:
                self._todo.put(None, timeout=_LEAVE)
            except queue.Full:
                return
            self._thread.join(max(0.0, deadline - time.monotonic()))
        super().close()

    @property
    def is_held_up(self) -> bool:
        """Say whether the thread did not end, after `close`."""
        return self._thread.is_alive()

    def _run(self) -> None:
        handler = self._make()
        while what := self._todo.get():
            what(handler)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                text = f"{dropped} messages were not logged: there were too many, or it was slow"
                handler.handle(logging.makeLogRecord({"levelname": "WARNING", "msg": text}))
        handler.close()
