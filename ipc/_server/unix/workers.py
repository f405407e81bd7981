"""The worker threads: each accepts connections itself, so none is handed to another thread.

There are between `nr_threads` and `max_threads` workers: one is added when all have been busy for a
moment, and one ends when `nr_threads` others are idle.  The server loop calls `grow`, and joins the
workers.

When several clients ask at once, all workers but one are parked: they would take the interpreter
from each other at each system call, and so serve fewer clients than one of them.  That one takes
the next client as soon as it has served the last.  If it serves few, because it waits for
something, `grow` calls another one back; and all come back when clients no longer ask at once.
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
from enum import Enum

from ipc._application import ServerOptions
from ipc._server.blocked_writers import BlockedWriters
from ipc._server.memory import Share
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.thread_pool import ThreadPool
from ipc._server.unix.handler import ConnectionHandler, PendingReply
from ipc._server.unix.listen import SHORTAGES, Listener

_RETRY_INTERVAL = 0.05  # seconds until the next attempt after accept, or open, has failed
_CROWDED = 0.05  # seconds for which workers are parked after clients were seen to ask at once
_FEW = 4  # clients; who serves no more between a request to `grow` and the call is held up
_PARKED = 0.5  # seconds after which a parked worker looks by itself whether to come back

Job = tuple[socket, bytes, Share]
"""A client, its request, and its share of memory."""


class _Task(Enum):
    """What a worker has to do, if not a job."""

    ACCEPT = 1
    PARK = 2
    END = 3


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
        self._lock = threading.Lock()  # guards idle, growth_requested, and what follows
        self._serving = 0  # how many serve a client that they accepted
        self._parked = 0
        self._gate = threading.Semaphore(0)  # parked workers wait here; not guarded
        self._crowded_until = 0.0  # in seconds of time.monotonic
        # A Python without the global lock serves several at a time.
        self._shares_interpreter = getattr(sys, "_is_gil_enabled", _always)()
        self._accepted = 0  # clients
        self._accepted_before = 0  # the same, when growth was requested
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
        """Have one more worker if all are still busy, and hold up clients."""
        with self._lock:
            are_served = self._parked > 0 and self._accepted - self._accepted_before > _FEW
            self._accepted_before = self._accepted
            # Again: the one that serves them all may be held up at any time.
            self.growth_requested = are_served and not self.idle
            needed = not (self.idle or are_served)
        if needed:
            self._add()

    def unpark(self) -> bool:
        """Have a parked worker come back; return whether there is one."""
        with self._lock:
            self._crowded_until = 0.0  # the others follow
            is_any = self._parked > 0
        if is_any:
            self._gate.release()
        return is_any

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
        if not self.stopping and not self.unpark():
            self._pool.add()

    def _worker_ended(self) -> None:
        self.wake_loop()

    def _work(self) -> None:
        pending: PendingReply | None = None
        has_served = False
        while True:
            task = self._next_task(has_served=has_served)
            has_served = False
            if pending is not None:
                # Not earlier: this wakes the client.  Work after the wake-up keeps the client from
                # the processor, or moves it to another one, which costs about 20 µs.
                self._finish(*pending)
                pending = None
            if task is _Task.END:
                return
            if task is _Task.PARK:
                self._park()
            elif task is _Task.ACCEPT:
                descriptor = self._accept_client()
                if descriptor is not None:
                    has_served = True
                    pending = self._serve(descriptor)
            else:
                pending = self._answer(*task)
                with self._lock:
                    self._running_jobs -= 1

    def _accept_client(self) -> int | None:
        """Wait for a client, and return its descriptor; None if there is none after all."""
        try:
            descriptor = self._accept()
        except (OSError, MemoryError) as error:
            self._accept_returned()
            self._accept_failed(error)
            return None
        if self.stopping and self.is_drained():
            self._accept_returned()
            os.close(descriptor)
            return None
        self._accept_returned(is_client=True)
        return descriptor

    def _next_task(self, *, has_served: bool) -> Job | _Task:
        """Return a request to answer, or what else to do."""
        with self._lock:
            self._serving -= has_served
            if self._backlog_is_empty:
                return _Task.END
            if self._jobs and not self.stopping and self._running_jobs < self._max_running_jobs:
                self._running_jobs += 1
                return self._jobs.popleft()
            if self.idle + self._parked >= self._min_threads:
                return _Task.END
            if self._crowded_until and self._is_crowded_locked():
                if self.idle:
                    self._parked += 1
                    return _Task.PARK
            elif self._parked:
                self._gate.release()  # one after the other comes back
            self.idle += 1
            return _Task.ACCEPT

    def _is_crowded_locked(self) -> bool:
        """Return whether clients still ask at once."""
        now = time.monotonic()
        if self._parked and not self.stopping and self._listener.is_waited_for():
            self._crowded_until = now + _CROWDED
        if now < self._crowded_until and not self.stopping:
            return True
        self._crowded_until = 0.0
        return False

    def _park(self) -> None:
        self._gate.acquire(timeout=_PARKED)
        with self._lock:
            self._parked -= 1

    def _accept_returned(self, *, is_client: bool = False) -> None:
        with self._lock:
            self.idle -= 1
            self._serving += is_client
            self._accepted += is_client
            if self._serving > 1 and self._shares_interpreter:
                self._crowded_until = time.monotonic() + _CROWDED
            if self.idle or self.growth_requested:
                return
            self.growth_requested = True
            self._accepted_before = self._accepted
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


def _always() -> bool:
    return True


def _shut_down(stream: socket) -> None:
    with suppress(OSError):  # race: the client has just closed the connection
        stream.shutdown(SHUT_RDWR)
