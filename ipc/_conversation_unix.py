"""Hold one conversation: see who it is, take the request, let the application answer."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import select
import struct
import threading
import time
from _socket import (
    AF_UNIX,
    MSG_DONTWAIT,
    SO_RCVTIMEO,
    SOCK_STREAM,
    SOL_SOCKET,
    getdefaulttimeout,
    socket,
)
from typing import TYPE_CHECKING

from ipc._application import QUIT, Application, ServerOptions
from ipc._lobby_unix import hang_up, take
from ipc._memory import Share
from ipc._notes import Notes
from ipc._peer_unix import peer_of, user_of
from ipc._reply_unix import Reply, Waiting
from ipc._request import Request
from ipc.errors import HungUpError, ProtocolError
from ipc.pktline import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipc._lobby_unix import Lobby

_FIRST = 4096  # bytes; requests are short
_PATIENCE = struct.pack("ll", 0, 1000)  # a timeval; who has connected sends within microseconds
_WHOLE = 0.005  # seconds that a worker gives a client which sends its request in pieces
_SHORT = 65536  # bytes of a request that a worker takes in itself; what is longer is counted
Parting = tuple[socket, Reply, bytes]
"""A client, and the end of its answer, which is to be sent by `Host.part`."""
_RESENTMENT = 0.05  # seconds during which the last free worker does not wait in vain again


class Host:
    """Converses with the clients of one server, on any thread."""

    lobby: "Lobby"
    waiting: "Waiting"
    quit: "Callable[[], None]"

    def __init__(self, application: Application, limits: ServerOptions, notes: Notes) -> None:
        self._application = application
        self._limits = limits
        self._notes = notes
        self._disappointed = 0.0
        # Held by the one worker that takes in a request in pieces.  If many did, each would keep
        # the others from the interpreter; the lobby does so on one thread.
        self._taking = threading.Lock()
        trusted = (os.geteuid(), 0) if limits.allow is None else ()
        self._trusted = frozenset(user.to_bytes(4, sys.byteorder) for user in trusted)

    def serve(self, descriptor: int) -> Parting | None:
        """Converse with a client that was just accepted, but for parting.  Raises nothing."""
        stream = socket(AF_UNIX, SOCK_STREAM, 0, descriptor)
        try:
            if getdefaulttimeout() is not None:
                stream.setblocking(True)
            if user_of(stream) not in self._trusted and not self._invited(stream):
                self._notes.say("peer", f"hung up on {peer_of(stream)}: not allowed")
                hang_up(stream)
            else:
                return self._take_request(stream)
        except ProtocolError as error:
            self._notes.say("protocol", f"hung up on a client: {error}")
            hang_up(stream)
        except (OSError, HungUpError, MemoryError):
            stream.close()
        except BaseException as error:  # noqa: BLE001  # `allow` is the owner's, and may raise anything
            self._notes.say("allow", "could not tell whether a client is allowed", error)
            hang_up(stream)
        return None

    def _invited(self, stream: socket) -> bool:
        allow = self._limits.allow
        return allow is not None and allow(peer_of(stream))

    def _take_request(self, stream: socket) -> Parting | None:
        data: bytes | None
        try:
            data = stream.recv(_FIRST, MSG_DONTWAIT)
        except BlockingIOError:
            data = self._wait_for_first(stream)
        if data == b"":
            stream.close()  # it only wanted to know whether we live
            return None
        message = whole(data) if data else None
        if message is None or len(message) > self._limits.max_request:
            request = Request(self._limits.max_request)
            message = None
            if data and self._taking.acquire(blocking=False):
                try:
                    message = self._wait_for_rest(stream, request, data)
                finally:
                    self._taking.release()
                data = None
            if message is None:
                self.lobby.receive(stream, request, data or b"", self._limits.request_timeout)
                return None
        return self.answer(stream, message)

    def _wait_for_first(self, stream: socket) -> bytes | None:
        if not self._may_wait():
            return None
        stream.setsockopt(SOL_SOCKET, SO_RCVTIMEO, _PATIENCE)
        try:
            return stream.recv(_FIRST)
        except BlockingIOError:
            self._disappointed = time.monotonic()
            return None

    def _wait_for_rest(self, stream: socket, request: Request, begun: bytes) -> bytes | None:
        message = request.feed(begun)
        began = time.monotonic()
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        while (
            message is None
            and request.size < _SHORT
            and self._may_wait()
            and time.monotonic() - began < _WHOLE
        ):
            if not poll.poll(1):
                self._disappointed = time.monotonic()
                break
            arrived = take(stream)
            message = None if arrived is None else request.feed(arrived)
        return message

    def _may_wait(self) -> bool:
        # A crowd of clients that say nothing must not hold all workers, one after the other.
        return (
            self.waiting.others_can_serve() or time.monotonic() - self._disappointed > _RESENTMENT
        )

    def answer_job(self, stream: socket, message: bytes, share: Share) -> Parting | None:
        """Do the same for a request of which was counted what is kept."""
        try:
            return self.answer(stream, message)
        finally:
            share.release()

    def answer(self, stream: socket, message: bytes) -> Parting | None:
        """Let the application answer a complete request, but for parting.  Raises nothing."""
        reply = Reply(stream, self.waiting, self._limits.reply_timeout)
        result = None
        try:
            result = self._application(message, reply)
            parting = stream, reply, reply.finish(result if isinstance(result, bytes) else b"")
        except BaseException as error:  # noqa: BLE001  # whatever it is, others want to be served
            self._fail(stream, reply, error)
            parting = None
        if result is not QUIT and not reply.begun:
            return parting
        # A large answer may have to be waited for, which a worker does while it counts as busy.
        if parting is not None:
            self.part(*parting)
        if result is QUIT:
            self.quit()
        return None

    def part(self, stream: socket, reply: Reply, end: bytes) -> None:
        """Send the end of an answer, and leave the client.  Raises nothing."""
        try:
            left = reply.end(end)
        except BaseException as error:  # noqa: BLE001  # others want to be served
            self._fail(stream, reply, error)
        else:
            if left:
                self.lobby.see_off(stream, left, reply.kernel_share, self._limits.reply_timeout)
            else:
                stream.close()

    def _fail(self, stream: socket, reply: Reply, error: BaseException) -> None:
        # No end packet: what went out so far must not look like the whole answer.
        reply.abandon()
        if not reply.lost:
            self._notes.say("application", "the application failed to answer a request", error)
        hang_up(stream)
