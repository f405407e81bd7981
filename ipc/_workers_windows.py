"""Run the threads that serve: each takes what is to be done next, for whatever client it is.

Between `nr_threads` and `max_threads` of them: one is added when all have been busy for a moment,
and one ends when `nr_threads` others have nothing to do.  The keeper, which `Server` runs, calls
`grow`, and joins them all in the end.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import threading

from ipc._application import ServerOptions
from ipc._crew import Crew
from ipc._held import Held
from ipc._notes import Notes
from ipc._pipe_windows import Pipe
from ipc._port_windows import Bell, Port


class Workers:
    """The pool of one server."""

    def __init__(self, port: Port, bell: Bell, notes: Notes, limits: ServerOptions) -> None:
        self.growth_wanted = False
        self._port = port
        self._bell = bell  # the keeper's
        self._notes = notes
        self._least = limits.nr_threads
        most = max(limits.max_threads, limits.nr_threads)
        self._crew = Crew(self._work, most, notes, on_end=bell.ring)
        held: Held[Pipe] = Held(max(most // 2, 1), Pipe.hang_up)
        self.holding_a_worker = held.holding
        self.wait_no_longer = held.let_go
        self.alive = self._crew.alive
        self._lock = threading.Lock()  # guards growth_wanted, and what follows
        self._idle = 0  # how many wait for something to do
        self._ending = False

    def start(self) -> bool:
        """Start the threads that are always there; fewer if the system has no more.

        Return whether there are any.
        """
        for _ in range(self._least):
            self._crew.add()
        return self.alive()

    def grow(self) -> None:
        """Add a worker if still all are busy."""
        with self._lock:
            self.growth_wanted = False
            needed = not self._idle and not self._ending
        if needed:
            self._crew.add()

    def end(self) -> None:
        """Have each thread end that is not busy, and each other one when it is done."""
        with self._lock:
            self._ending = True
            idle = self._idle
        for _ in range(idle):
            self._port.post(_nothing)

    def _work(self) -> None:
        while self._goes_on():
            job = self._port.take()
            with self._lock:
                self._idle -= 1
                wanted = not (self._idle or self.growth_wanted)
                self.growth_wanted = self.growth_wanted or wanted
            if wanted:
                self._bell.ring()
            try:
                job()
            except Exception as error:  # noqa: BLE001  # others want to be served
                self._notes.say("worker", "a conversation failed", error)

    def _goes_on(self) -> bool:
        with self._lock:
            surplus = self._idle >= self._least and not self._port.waits_for(threading.get_ident())
            if self._ending or surplus:
                return False
            self._idle += 1
            return True


def _nothing() -> None:
    """Do this in the end, to see that it is the end."""
