"""Look after slow clients, so that none of them holds a worker.

Those who have not sent all of their request sit here until they have, those who have not read all
of their answer until they have; each under one deadline, all of them within bounds.  One thread
runs `step`; everything else may be called from any.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import selectors
import time
from _socket import MSG_DONTWAIT, SHUT_RDWR, socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from socket import socketpair

from ipc._memory import Memory, Share
from ipc._notes import Notes
from ipc._reply_unix import AT_ONCE
from ipc._request import CHUNK, Request
from ipc._room import Guest, Room, largest
from ipc.errors import HungUpError, ProtocolError


def hang_up(stream: socket) -> None:
    """End a connection, also for children of the owner that still hold it open."""
    with suppress(OSError):  # the client was faster
        stream.shutdown(SHUT_RDWR)
    stream.close()


class Client(Guest):
    """A client that is waited for."""

    def __init__(self, stream: socket, deadline: float, share: Share) -> None:
        super().__init__(deadline, share)
        self.stream = stream
        self.done = False

    def attend(self) -> None:
        """Do what can be done without waiting.

        Raises HungUpError, ProtocolError, OSError or MemoryError.
        """
        raise NotImplementedError


class Asking(Client):
    """A client that has not sent all of its request."""

    def __init__(
        self, stream: socket, request: Request, begun: bytes, deadline: float, share: Share
    ) -> None:
        super().__init__(stream, deadline, share)
        self._request = request
        self._begun = begun  # what has arrived and was not looked at
        self.message: bytes | None = None

    @property
    def has_begun(self) -> bool:
        """Whether `attend` has something to do at once."""
        return bool(self._begun)

    def attend(self) -> None:
        """Take some of the request."""
        data, self._begun = self._begun or take(self.stream), b""
        if data is not None:
            self.message = self._request.feed(data)
        self.done = self.message is not None
        self.share.resize(self._request.size)


class Leaving(Client):
    """A client that has not read all of its answer."""

    def __init__(self, stream: socket, left: bytearray, deadline: float, share: Share) -> None:
        super().__init__(stream, deadline, share)
        self._left = left

    def attend(self) -> None:
        """Send some of the answer."""
        with suppress(BlockingIOError):
            sent = self.stream.send(self._left, AT_ONCE)
            del self._left[:sent]
            self.share.resize(self.share.size - sent)
            self.done = not self._left


def take(stream: socket) -> bytes | None:
    """Take what has arrived, up to a chunk; None if nothing has; raise HungUpError at the end."""
    try:
        data = stream.recv(CHUNK, MSG_DONTWAIT)
    except BlockingIOError:
        return None
    if not data:
        raise HungUpError("the client left within its request")
    return data


class Lobby:
    """All guests of a server."""

    def __init__(
        self,
        submit: Callable[[socket, bytes, Share], None],
        notes: Notes,
        most: int,
        memory: Memory,
    ) -> None:
        self._submit = submit
        self._notes = notes
        self._memory = memory
        self._asking: Room[Client] = Room(most)
        self._leaving: Room[Client] = Room(most)
        self._arrivals: deque[Client] = deque()  # appending and popping are atomic
        self._to_drop = 0
        self._bell, self._button = socketpair()
        try:
            self._selector = selectors.DefaultSelector()
        except BaseException:
            self._bell.close()
            self._button.close()
            raise
        self._bell.setblocking(False)
        self._button.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)

    def wake(self) -> None:
        """Make `step` return.  Takes no lock: signal handlers may call it."""
        with suppress(OSError):  # full, then it wakes anyway; or closed, then nobody sleeps
            self._button.send(b"!")

    def receive(self, stream: socket, request: Request, begun: bytes, timeout: float) -> None:
        """Collect the rest of a request, of which something may have arrived; then submit it."""
        share = Share(self._memory, request.size)
        deadline = time.monotonic() + timeout
        self._arrivals.append(Asking(stream, request, begun, deadline, share))
        self.wake()

    def see_off(self, stream: socket, left: bytearray, kernel: int, timeout: float) -> None:
        """Send the rest of an answer, of which the kernel keeps so much as well; then hang up."""
        share = Share(self._memory, len(left) + kernel)
        self._arrivals.append(Leaving(stream, left, time.monotonic() + timeout, share))
        self.wake()

    def make_room(self) -> None:
        """Hang up on the oldest of those who have not asked yet: descriptors are short."""
        self._to_drop += 1
        self.wake()

    def step(self, timeout: float) -> None:
        """Wait for guests, at most so many seconds, and do what they are ready for."""
        for key, _ in self._selector.select(self._until_next(timeout)):
            if key.fileobj is self._bell:
                self._bell.recv(4096)
            else:
                self._attend(key.data)
        while self._arrivals:
            self._let_in(self._arrivals.popleft())
        self._show_out()

    def dismiss_asking(self) -> None:
        """Hang up on all who have not asked yet."""
        while guest := self._asking.oldest():
            self._hang_up(guest)

    def dismiss_leaving(self) -> None:
        """Hang up on all who have not read their answer yet."""
        while guest := self._leaving.oldest():
            self._hang_up(guest)

    @property
    def leaving(self) -> bool:
        """Whether answers are still being read."""
        return bool(self._leaving or self._arrivals)

    def close(self) -> None:
        """Hang up on everyone."""
        self.dismiss_asking()
        self.dismiss_leaving()
        while self._arrivals:
            guest = self._arrivals.popleft()
            guest.share.release()
            guest.stream.close()
        self._selector.close()
        self._bell.close()
        self._button.close()

    def _room_of(self, guest: Client) -> Room[Client]:
        return self._asking if isinstance(guest, Asking) else self._leaving

    def _let_in(self, guest: Client) -> None:
        event = selectors.EVENT_READ if isinstance(guest, Asking) else selectors.EVENT_WRITE
        try:
            self._selector.register(guest.stream, event, guest)
        except (OSError, MemoryError) as error:
            self._notes.say("lobby", f"cannot wait for a slow client: {error}")
            guest.share.release()
            hang_up(guest.stream)
            return
        self._room_of(guest).enter(guest)
        if isinstance(guest, Asking) and guest.has_begun:
            self._attend(guest)

    def _attend(self, guest: Client) -> None:
        try:
            guest.attend()
        except ProtocolError as error:
            self._notes.say("protocol", f"hung up on a client: {error}")
            guest.done = True
        except MemoryError as error:
            self._notes.say("memory", f"hung up on a client: out of memory {error}".rstrip())
            guest.done = True
        except (HungUpError, OSError):
            guest.done = True
        if self._memory.is_short:
            self._free_memory()  # at once: each of those who are ready may bring as much
        if not guest.done or guest not in self._room_of(guest):
            return
        if isinstance(guest, Asking) and guest.message is not None:
            self._selector.unregister(guest.stream)
            self._asking.leave(guest)
            self._submit(guest.stream, guest.message, guest.share)
        else:
            self._hang_up(guest)

    def _show_out(self) -> None:
        now = time.monotonic()
        for room in (self._asking, self._leaving):
            while guest := room.next_to_go(now):
                if room.is_crowded:
                    self._notes.say("crowd", "hung up on a client: too many are waited for")
                self._hang_up(guest)
        self._free_memory()
        while self._to_drop and (guest := self._asking.oldest()):
            self._to_drop -= 1
            self._hang_up(guest)
        self._to_drop = 0

    def _free_memory(self) -> None:
        while self._memory.is_short and (guest := largest((*self._asking, *self._leaving))):
            self._notes.say(
                "memory",
                f"hung up on a client, for whom {guest.share.size} bytes were kept:"
                f" for all there are {self._memory.most} (max_memory)",
            )
            self._hang_up(guest)

    def _hang_up(self, guest: Client) -> None:
        self._selector.unregister(guest.stream)
        self._room_of(guest).leave(guest)
        guest.share.release()
        hang_up(guest.stream)

    def _until_next(self, timeout: float) -> float:
        now = time.monotonic()
        oldest = (self._asking.oldest(), self._leaving.oldest())
        return max(min([timeout, *(each.deadline - now for each in oldest if each)]), 0)
