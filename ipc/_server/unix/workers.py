"""The worker threads: each accepts connections itself, so none is handed to another thread.

There are between `nr_threads` and `max_threads` workers: one is added when all have been busy for a
moment, and one ends when `nr_threads` others are idle.  The server loop calls `grow`, and joins the
workers.
"""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import errno
import os
import threading
import time
from _socket import SHUT_RDWR, socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ipc._application import ServerOptions
from ipc._server.blocked_writers import BlockedWriters
from ipc._server.memory import Share
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.thread_pool import ThreadPool
from ipc._server.unix.handler import ConnectionHandler, PendingReply
from ipc._server.unix.listen import SHORTAGES, Listener

_RETRY_INTERVAL = 0.05  # seconds until the next attempt after accept, or open, has failed

Job = tuple[socket, bytes, Share]
"""A client, its request, and its share of memory."""


class Workers:
    """The worker threads of one server."""

    def __init__(
        self,
        listener: Listener,
        handler: ConnectionHandler,
        log: RateLimitedLog,
        limits: ServerOptions,
    ) -> None:
        self.idle = 0  # how many wait in accept; without the lock, a read is a hint
        self.stopping = False
        # In seconds of time.monotonic; clients that had connected before the stop are served until
        # then.
        self.drain_deadline = 0.0
        self.growth_requested = False
        self.wake_loop: Callable[[], None]
        self.drop_oldest: Callable[[], None]
        self._log = log
        self._listener = listener
        self._accept = listener.accept
        self._serve = handler.serve
        self._answer = handler.answer_queued
        self._finish = handler.finish
        self._min_threads = limits.nr_threads
        max_threads = max(limits.max_threads, limits.nr_threads)
        self._pool = ThreadPool(self._work, max_threads, log, on_end=self._worker_ended)
        blocked_writers = BlockedWriters(max(max_threads // 2, 1), _shut_down)
        self.blocked_on = blocked_writers.blocked_on
        self.disconnect_blocked = blocked_writers.disconnect_all
        self._max_jobs = limits.max_waiting
        self._lock = threading.Lock()  # guards idle, growth_requested, _jobs, _running_jobs
        # Set once, without the lock: after the stop, when no client is left to accept.
        self._backlog_is_empty = False
        self._jobs: deque[Job] = deque()
        self._running_jobs = 0
        self._max_running_jobs = max(max_threads // 2, 1)  # the other workers serve new connections
        self._spare_lock = threading.Lock()  # guards the spare descriptor until `close`
        self._spare_descriptor = os.open(os.devnull, os.O_RDONLY)

    def start(self) -> bool:
        """Start the minimum number of workers, or as many as the system allows.

        Return whether there is at least one.
        """
        for _ in range(self._min_threads):
            self._add()
        return self.stopping or self.join_ended()

    def submit(self, stream: socket, message: bytes, share: Share) -> None:
        """Queue a complete request for a worker; disconnect the client if the queue is full."""
        with self._lock:
            accepted = len(self._jobs) < self._max_jobs
            if accepted:
                self._jobs.append((stream, message, share))
            idle = self.idle
        if not accepted:
            self._log.warn("jobs", "disconnected a client: too many wait for the application")
            share.release()
            stream.close()
            return
        if not idle or not self._listener.wake_one():
            self._add()  # at the limit it adds none: busy workers take the job afterwards

    def grow(self) -> None:
        """Add a worker if all are still busy."""
        with self._lock:
            self.growth_requested = False
            needed = not self.idle
        if needed:
            self._add()

    def is_drained(self) -> bool:
        """Return whether no client that had connected before the stop is left to serve."""
        return self._backlog_is_empty or time.monotonic() > self.drain_deadline

    def has_idle_worker(self) -> bool:
        """Return whether another worker waits in accept, so that this one may block."""
        return self.idle > 0

    def join_ended(self) -> bool:
        """Join the workers that have ended; return whether others still run."""
        return self._pool.join_ended()

    def close(self) -> None:
        """Drop the queued requests, and release all resources."""
        if self._spare_descriptor >= 0:
            os.close(self._spare_descriptor)
        while self._jobs:
            stream, _, share = self._jobs.popleft()
            share.release()
            stream.close()

    def _add(self) -> None:
        if not self.stopping:
            self._pool.add()

    def _worker_ended(self) -> None:
        self.wake_loop()

    def _work(self) -> None:
        pending: PendingReply | None = None
        while True:
            task = self._next_task()
            if pending is not None:
                # Not earlier: this wakes the client.  Work after the wake-up keeps the client from
                # the processor, or moves it to another one, which costs about 20 µs.
                self._finish(*pending)
                pending = None
            if task is False:
                return
            if task is not True:
                pending = self._answer(*task)
                with self._lock:
                    self._running_jobs -= 1
                continue
            try:
                descriptor = self._accept()
            except (OSError, MemoryError) as error:
                self._accept_returned()
                self._accept_failed(error)
                continue
            self._accept_returned()
            if self.stopping and self.is_drained():
                os.close(descriptor)
            else:
                pending = self._serve(descriptor)

    def _next_task(self) -> Job | bool:
        """Return a request to answer, True to accept a connection, or False to end."""
        with self._lock:
            if self._backlog_is_empty:
                return False
            if self._jobs and not self.stopping and self._running_jobs < self._max_running_jobs:
                self._running_jobs += 1
                return self._jobs.popleft()
            if self.idle >= self._min_threads:
                return False
            self.idle += 1
            return True

    def _accept_returned(self) -> None:
        with self._lock:
            self.idle -= 1
            if self.idle or self.growth_requested:
                return
            self.growth_requested = True
        self.wake_loop()

    def _accept_failed(self, error: OSError | MemoryError) -> None:
        number = error.errno if isinstance(error, OSError) else errno.ENOMEM
        if number == errno.ECONNABORTED:
            return
        if self.stopping:
            self._backlog_is_empty = True
            return
        self._log.warn("accept", f"cannot accept connections for now: {os.strerror(number or 0)}")
        if number in SHORTAGES:
            self.drop_oldest()
            if self._spare_lock.acquire(blocking=False):
                try:
                    self._serve_with_spare_descriptor()
                finally:
                    self._spare_lock.release()
        time.sleep(_RETRY_INTERVAL)

    def _serve_with_spare_descriptor(self) -> None:
        # With one descriptor a worker can serve one client after the other during a shortage.
        with self._lock:
            if self.stopping:
                return
            self.idle += 1
        os.close(self._spare_descriptor)
        self._spare_descriptor = -1
        try:
            descriptor = self._accept()
        except OSError:
            self._accept_returned()  # race: another thread of the process took the descriptor
        else:
            self._accept_returned()
            pending = self._serve(descriptor)
            if pending is not None:
                self._finish(*pending)
        finally:
            self._spare_descriptor = self._reopen_spare()

    def _reopen_spare(self) -> int:
        while not self.stopping:
            try:
                return os.open(os.devnull, os.O_RDONLY)
            except OSError:
                time.sleep(_RETRY_INTERVAL)
        return -1


def _shut_down(stream: socket) -> None:
    with suppress(OSError):  # race: the client has just closed the connection
        stream.shutdown(SHUT_RDWR)
