"""The worker threads: each runs the next job of the completion port, for any client.

There are between `nr_threads` and `max_threads` workers: one is added when all have been busy for a
moment, and one ends when `nr_threads` others are idle.  The server loop calls `grow`, and joins the
workers.
"""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import threading

from ipc._application import ServerOptions
from ipc._server.blocked_writers import BlockedWriters
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.thread_pool import ThreadPool
from ipc._server.windows.pipe import Pipe
from ipc._server.windows.port import Port, WakeEvent


class Workers:
    """The worker threads of one server."""

    def __init__(
        self, port: Port, wake_event: WakeEvent, log: RateLimitedLog, limits: ServerOptions
    ) -> None:
        self.growth_requested = False
        self._port = port
        self._wake_event = wake_event  # wakes the server loop
        self._log = log
        self._min_threads = limits.nr_threads
        max_threads = max(limits.max_threads, limits.nr_threads)
        self._pool = ThreadPool(self._work, max_threads, log, on_end=wake_event.set)
        blocked_writers: BlockedWriters[Pipe] = BlockedWriters(
            max(max_threads // 2, 1), Pipe.disconnect
        )
        self.blocked_on = blocked_writers.blocked_on
        self.disconnect_blocked = blocked_writers.disconnect_all
        self.join_ended = self._pool.join_ended
        self._lock = threading.Lock()  # guards growth_requested, and everything below
        self._idle = 0  # how many wait for a job
        self._ending = False

    def start(self) -> bool:
        """Start the minimum number of workers, or as many as the system allows.

        Return whether there is at least one.
        """
        for _ in range(self._min_threads):
            self._pool.add()
        return self.join_ended()

    def grow(self) -> None:
        """Add a worker if all are still busy."""
        with self._lock:
            self.growth_requested = False
            needed = not self._idle and not self._ending
        if needed:
            self._pool.add()

    def end(self) -> None:
        """Make idle workers end now, and busy ones after their job."""
        with self._lock:
            self._ending = True
            idle = self._idle
        for _ in range(idle):
            self._port.post(_nothing)

    def _work(self) -> None:
        while self._should_continue():
            job = self._port.next_job()
            with self._lock:
                self._idle -= 1
                needed = not (self._idle or self.growth_requested)
                self.growth_requested = self.growth_requested or needed
            if needed:
                self._wake_event.set()
            try:
                job()
            except Exception as error:  # noqa: BLE001  # the worker must go on to serve others
                self._log.warn("worker", "an exchange with a client failed", error)

    def _should_continue(self) -> bool:
        with self._lock:
            surplus = self._idle >= self._min_threads and not self._port.has_pending(
                threading.get_ident()
            )
            if self._ending or surplus:
                return False
            self._idle += 1
            return True


def _nothing() -> None:
    """Do nothing: this job only wakes a worker."""
