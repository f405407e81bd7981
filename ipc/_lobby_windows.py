"""Keep those clients within bounds who have not asked yet, or not read their answers."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ipc._memory import Memory, Share
from ipc._notes import Notes
from ipc._pipe_windows import Pipe
from ipc._port_windows import Operation
from ipc._request import Request
from ipc._room import Guest, Room, largest


class Client(Guest):
    """A client that is waited for."""

    def __init__(self, pipe: Pipe, timeout: float, share: Share) -> None:
        self.came = time.monotonic()
        super().__init__(self.came + timeout, share)
        self.pipe = pipe


class Asking(Client):
    """A client that has not sent all of its request."""

    def __init__(self, pipe: Pipe, request: Request, timeout: float, share: Share) -> None:
        super().__init__(pipe, timeout, share)
        self.request = request
        self.listening: Operation | None = None

    @property
    def is_silent(self) -> bool:
        """Whether nothing has arrived that was not looked at."""
        return self.listening is None or self.listening.pending


class Leaving(Client):
    """A client that has not read all of its answer."""

    def __init__(self, pipe: Pipe, timeout: float, share: Share) -> None:
        super().__init__(pipe, timeout, share)
        share.resize(pipe.kept)


AnyClient = TypeVar("AnyClient", bound=Client)


class Lobby:
    """All clients of a server that are waited for, and by no thread; any thread may use it."""

    def __init__(self, most: int, memory: Memory, notes: Notes) -> None:
        self._memory = memory
        self._notes = notes
        self._lock = threading.Lock()  # guards the rooms, and all shares
        self._asking: Room[Asking] = Room(most)
        self._leaving: Room[Leaving] = Room(most)
        self._answered: dict[Pipe, Share] = {}  # by the application, just now

    def share(self) -> Share:
        """Return a share of the memory for one more client."""
        return Share(self._memory, 0)

    def enter(self, guest: Asking | Leaving) -> None:
        """Wait for a client; whoever has been waited for too long is hung up on."""
        with self._lock:
            if isinstance(guest, Asking):
                self._asking.enter(guest)
            else:
                self._leaving.enter(guest)
        self.show_out()

    def leave(self, guest: Asking | Leaving) -> None:
        """Wait for a client no longer."""
        with self._lock:
            if self._leave_locked(guest):
                guest.share.release()

    def lead_in(self, guest: Asking) -> bool:
        """Have a client be answered, until `lead_out`; False if it was hung up on before."""
        with self._lock:
            there = self._leave_locked(guest)
            if there:
                self._answered[guest.pipe] = guest.share
        return there

    def lead_out(self, pipe: Pipe) -> None:
        """Take notice that the application has answered."""
        with self._lock:
            self._answered.pop(pipe).release()

    def resize(self, guest: Asking) -> None:
        """Take notice that more of a request has arrived."""
        with self._lock:
            if guest in self._asking:
                guest.share.resize(guest.request.size)
        self.show_out()

    def show_out(self) -> None:
        """Hang up on those whose time is up, and on the oldest where there are too many."""
        for victim in self._victims(time.monotonic()):
            victim.pipe.hang_up()

    def dismiss_silent(self, patience: float) -> None:
        """Hang up on those who came so many seconds ago, and of whom nothing new has arrived."""
        limit = time.monotonic() - patience
        self._dismiss(self._asking, lambda guest: guest.came <= limit and guest.is_silent)

    def dismiss_asking(self) -> None:
        """Hang up on all who have not asked."""
        self._dismiss(self._asking, lambda _: True)

    def dismiss_leaving(self) -> None:
        """Hang up on all who have not read their answer yet."""
        self._dismiss(self._leaving, lambda _: True)

    def dismiss_answered(self) -> None:
        """Hang up on those whom the application does not answer."""
        with self._lock:
            pipes = list(self._answered)
        for pipe in pipes:
            pipe.hang_up()

    @property
    def is_busy(self) -> bool:
        """Whether there is any client."""
        with self._lock:
            return bool(self._asking or self._leaving or self._answered)

    def _leave_locked(self, guest: Asking | Leaving) -> bool:
        if isinstance(guest, Asking) and guest in self._asking:
            self._asking.leave(guest)
        elif isinstance(guest, Leaving) and guest in self._leaving:
            self._leaving.leave(guest)
        else:
            return False
        return True

    def _dismiss(self, room: Room[AnyClient], condition: Callable[[AnyClient], bool]) -> None:
        with self._lock:
            victims = [guest for guest in room if condition(guest)]
            for guest in victims:
                room.leave(guest)
                guest.share.release()
        for guest in victims:
            guest.pipe.hang_up()

    def _victims(self, now: float) -> list[Asking | Leaving]:
        victims: list[Asking | Leaving] = []
        with self._lock:
            while asking := self._asking.next_to_go(now):
                self._let_go_locked(asking, victims)
            while leaving := self._leaving.next_to_go(now):
                self._let_go_locked(leaving, victims)
            while self._memory.is_short and (heavy := largest((*self._asking, *self._leaving))):
                self._notes.say(
                    "memory",
                    f"hung up on a client, for whom {heavy.share.size} bytes were kept:"
                    f" for all there are {self._memory.most} (max_memory)",
                )
                self._let_go_locked(heavy, victims)
        return victims

    def _let_go_locked(self, guest: Asking | Leaving, victims: list[Asking | Leaving]) -> None:
        self._leave_locked(guest)
        guest.share.release()
        victims.append(guest)
