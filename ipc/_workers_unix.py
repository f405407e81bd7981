"""Run the threads that serve: each accepts its own connections, so that none is handed over.

Between `nr_threads` and `max_threads` of them: one is added when all have been busy for a moment,
and one ends when `nr_threads` others have nothing to do.  The keeper, which `Server` runs, calls
`grow`, and joins them all in the end.
"""
# ruff: noqa: E402  # the type checker has to know first

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
from ipc._conversation_unix import Host, Parting
from ipc._crew import Crew
from ipc._held import Held
from ipc._listen_unix import SHORTAGES, Listener
from ipc._memory import Share
from ipc._notes import Notes

_BACK_OFF = 0.05  # seconds until accept is tried again after the system was short of something

Job = tuple[socket, bytes, Share]
"""A client, its request, and what is kept of it."""


class Workers:
    """The pool of one server."""

    def __init__(
        self,
        listener: Listener,
        host: Host,
        notes: Notes,
        limits: ServerOptions,
    ) -> None:
        self.idle = 0  # how many wait in accept; read without the lock it is a hint
        self.stopping = False
        self.doors_close = 0.0  # of time.monotonic: until then those are served that had connected
        self.growth_wanted = False
        self.wake_keeper: Callable[[], None]
        self.make_room: Callable[[], None]
        self.notes = notes
        self._listener = listener
        self._accept = listener.accept
        self._serve = host.serve
        self._answer = host.answer_job
        self._part = host.part
        self._least = limits.nr_threads
        most = max(limits.max_threads, limits.nr_threads)
        self._crew = Crew(self._work, most, notes, on_end=self._worker_ended)
        held = Held(max(most // 2, 1), _cut)
        self.holding_a_worker = held.holding
        self.wait_no_longer = held.let_go
        self._most_jobs = limits.max_waiting
        self._lock = threading.Lock()  # guards idle, growth_wanted, and what follows
        self._nobody_waits = False  # to be accepted, when we are stopping; set only once
        self._jobs: deque[Job] = deque()
        self._at_jobs = 0  # how many workers are
        self._most_at_jobs = max(most // 2, 1)  # the others are there for who asks at once
        self._reserve_lock = threading.Lock()  # guards the descriptor that is kept in reserve
        self._reserve = os.open(os.devnull, os.O_RDONLY)

    def start(self) -> bool:
        """Start the threads that are always there; fewer if the system has no more.

        Return whether there are any.
        """
        for _ in range(self._least):
            self._add()
        return self.stopping or self.alive()

    def submit(self, stream: socket, message: bytes, share: Share) -> None:
        """Have some worker answer a request that has arrived, or hang up where too many wait."""
        with self._lock:
            welcome = len(self._jobs) < self._most_jobs
            if welcome:
                self._jobs.append((stream, message, share))
            idle = self.idle
        if not welcome:
            self.notes.say("jobs", "hung up on a client: too many wait for the application")
            share.release()
            stream.close()
            return
        if not idle or not self._listener.knock():
            self._add()  # beyond the limit: those at work look for jobs when they are done

    def grow(self) -> None:
        """Add a worker if still all are busy."""
        with self._lock:
            self.growth_wanted = False
            needed = not self.idle
        if needed:
            self._add()

    def door_is_closed(self) -> bool:
        """Whether nobody who had connected before the stop is served any more."""
        return self._nobody_waits or time.monotonic() > self.doors_close

    def others_can_serve(self) -> bool:
        """Whether a worker waits for the next client, so that this one can be waited for."""
        return self.idle > 0

    def alive(self) -> bool:
        """Join the threads that have ended; return whether any has not."""
        return self._crew.alive()

    def close(self) -> None:
        """Drop what nobody does any more."""
        if self._reserve >= 0:
            os.close(self._reserve)
        while self._jobs:
            stream, _, share = self._jobs.popleft()
            share.release()
            stream.close()

    def _add(self) -> None:
        if not self.stopping:
            self._crew.add()

    def _worker_ended(self) -> None:
        self.wake_keeper()

    def _work(self) -> None:
        parting: Parting | None = None
        while True:
            task = self._next()
            if parting is not None:
                # Not before: it wakes the client, whom all that is done now keeps waiting for a
                # processor, or sends to another one.  That costs it some 20 µs.
                self._part(*parting)
                parting = None
            if task is False:
                return
            if task is not True:
                parting = self._answer(*task)
                with self._lock:
                    self._at_jobs -= 1
                continue
            try:
                descriptor = self._accept()
            except (OSError, MemoryError) as error:
                self._left_accept()
                self._accept_failed(error)
                continue
            self._left_accept()
            if self.stopping and self.door_is_closed():
                os.close(descriptor)
            else:
                parting = self._serve(descriptor)

    def _next(self) -> Job | bool:
        """Return a request to answer; else whether to accept a connection, or to end."""
        with self._lock:
            if self._nobody_waits:
                return False
            if self._jobs and not self.stopping and self._at_jobs < self._most_at_jobs:
                self._at_jobs += 1
                return self._jobs.popleft()
            if self.idle >= self._least:
                return False
            self.idle += 1
            return True

    def _left_accept(self) -> None:
        with self._lock:
            self.idle -= 1
            if self.idle or self.growth_wanted:
                return
            self.growth_wanted = True
        self.wake_keeper()

    def _accept_failed(self, error: OSError | MemoryError) -> None:
        number = error.errno if isinstance(error, OSError) else errno.ENOMEM
        if number == errno.ECONNABORTED:
            return
        if self.stopping:
            self._nobody_waits = True
            return
        self.notes.say("accept", f"cannot accept connections for now: {os.strerror(number or 0)}")
        if number in SHORTAGES:
            self.make_room()
            if self._reserve_lock.acquire(blocking=False):
                try:
                    self._serve_with_the_reserve()
                finally:
                    self._reserve_lock.release()
        time.sleep(_BACK_OFF)

    def _serve_with_the_reserve(self) -> None:
        # One descriptor is enough to serve one client after the other while there are no more.
        with self._lock:
            if self.stopping:
                return
            self.idle += 1
        os.close(self._reserve)
        self._reserve = -1
        try:
            descriptor = self._accept()
        except OSError:
            self._left_accept()  # someone else in the process was faster
        else:
            self._left_accept()
            parting = self._serve(descriptor)
            if parting is not None:
                self._part(*parting)
        finally:
            self._reserve = self._reserved_again()

    def _reserved_again(self) -> int:
        while not self.stopping:
            try:
                return os.open(os.devnull, os.O_RDONLY)
            except OSError:
                time.sleep(_BACK_OFF)
        return -1


def _cut(stream: socket) -> None:
    with suppress(OSError):  # it has just left
        stream.shutdown(SHUT_RDWR)
