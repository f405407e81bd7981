"""Handle one connection: check the peer, receive the request, send the answer."""

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
from ipc._peer_unix import peer_of, user_of
from ipc._server.memory import Share
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.request import Request
from ipc._server.unix.deferred_client import DeferredClient
from ipc._server.unix.reply import BlockableWorkers, Reply
from ipc._server.unix.slow_clients import disconnect, receive_available
from ipc.deferred import Deferred
from ipc.errors import HungUpError, ProtocolError
from ipc.pktline import decode_single

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipc._server.unix.slow_clients import SlowClients

_FIRST_RECEIVE = 4096  # bytes; requests are short
_FIRST_TIMEOUT = struct.pack("ll", 0, 1000)  # a timeval: 1 ms; a client sends within microseconds
_REST_TIMEOUT = 0.005  # seconds for which a worker waits for the rest of a request
_MAX_BY_WORKER = 65536  # bytes; the rest of a longer request counts against max_memory
PendingReply = tuple[socket, Reply, bytes]
"""A client, its answer, and the end of that, which `ConnectionHandler.finish` sends."""
_BACK_OFF = 0.05  # seconds after a vain wait in which the last idle worker does not wait again


class ConnectionHandler:
    """Handles the connections of one server, on any thread."""

    slow_clients: "SlowClients"
    workers: "BlockableWorkers"
    quit: "Callable[[], None]"

    def __init__(
        self, application: Application, limits: ServerOptions, log: RateLimitedLog
    ) -> None:
        self._application = application
        self._limits = limits
        self._log = log
        self._backed_off_at = 0.0
        # Held by the one worker that receives a request in pieces.  Many such workers would compete
        # for the interpreter; `SlowClients` receives all others on one thread.
        self._receiving = threading.Lock()
        trusted = (os.geteuid(), 0) if limits.allow is None else ()
        self._trusted = frozenset(user.to_bytes(4, sys.byteorder) for user in trusted)

    def serve(self, descriptor: int) -> PendingReply | None:
        """Handle a connection; return the end of a small answer for `finish`.  Never raise."""
        stream = socket(AF_UNIX, SOCK_STREAM, 0, descriptor)
        try:
            if getdefaulttimeout() is not None:
                stream.setblocking(True)
            if user_of(stream) not in self._trusted and not self._is_allowed(stream):
                self._log.warn("peer", f"disconnected {peer_of(stream)}: not allowed")
                disconnect(stream)
            else:
                return self._receive_request(stream)
        except ProtocolError as error:
            self._log.warn("protocol", f"disconnected a client: {error}")
            disconnect(stream)
        except (OSError, HungUpError, MemoryError):
            stream.close()
        except BaseException as error:  # noqa: BLE001  # the user's `allow` may raise anything
            self._log.warn("allow", "disconnected a client: cannot check its permission", error)
            disconnect(stream)
        return None

    def _is_allowed(self, stream: socket) -> bool:
        allow = self._limits.allow
        return allow is not None and allow(peer_of(stream))

    def _receive_request(self, stream: socket) -> PendingReply | None:
        data: bytes | None
        try:
            data = stream.recv(_FIRST_RECEIVE, MSG_DONTWAIT)
        except BlockingIOError:
            data = self._wait_for_first(stream)
        if data == b"":
            stream.close()  # the client only checked whether the server listens
            return None
        message = decode_single(data) if data else None
        if message is None or len(message) > self._limits.max_request:
            request = Request(self._limits.max_request)
            message = None
            if data and self._receiving.acquire(blocking=False):
                try:
                    message = self._wait_for_rest(stream, request, data)
                finally:
                    self._receiving.release()
                data = None
            if message is None:
                self.slow_clients.receive(
                    stream, request, data or b"", self._limits.request_timeout
                )
                return None
        return self.answer(stream, message)

    def _wait_for_first(self, stream: socket) -> bytes | None:
        if not self._may_wait():
            return None
        stream.setsockopt(SOL_SOCKET, SO_RCVTIMEO, _FIRST_TIMEOUT)
        try:
            return stream.recv(_FIRST_RECEIVE)
        except BlockingIOError:
            self._backed_off_at = time.monotonic()
            return None

    def _wait_for_rest(self, stream: socket, request: Request, initial: bytes) -> bytes | None:
        message = request.feed(initial)
        began = time.monotonic()
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        while (
            message is None
            and request.size < _MAX_BY_WORKER
            and self._may_wait()
            and time.monotonic() - began < _REST_TIMEOUT
        ):
            if not poll.poll(1):
                self._backed_off_at = time.monotonic()
                break
            arrived = receive_available(stream)
            message = None if arrived is None else request.feed(arrived)
        return message

    def _may_wait(self) -> bool:
        # Many silent clients must not block all workers, one after the other.
        return self.workers.has_idle_worker() or time.monotonic() - self._backed_off_at > _BACK_OFF

    def answer_queued(self, stream: socket, message: bytes, share: Share) -> PendingReply | None:
        """Answer a request that was collected by `SlowClients`; release its share of memory."""
        try:
            return self.answer(stream, message)
        finally:
            share.release()

    def answer(self, stream: socket, message: bytes) -> PendingReply | None:
        """Answer a request; return the end of a small answer for `finish`.  Never raise."""
        reply = Reply(stream, self.workers, self._limits.reply_timeout)
        result = None
        try:
            result = self._application(message, reply)
            if isinstance(result, Deferred):
                self._defer(stream, reply, result)
                return None
            pending = stream, reply, reply.finish(result if isinstance(result, bytes) else b"")
        except BaseException as error:  # noqa: BLE001  # the worker must go on to serve others
            self._abort(stream, reply, error)
            pending = None
        if result is not QUIT and not reply.started:
            return pending
        # The end of a large answer may block, and the worker must count as busy meanwhile.
        if pending is not None:
            self.finish(*pending)
        if result is QUIT:
            self.quit()
        return None

    def _defer(self, stream: socket, reply: Reply, deferred: Deferred) -> None:
        unsent = reply.detach()
        share = self.slow_clients.share(len(unsent))
        client = DeferredClient(stream, unsent, deferred, share, self.slow_clients.changed)
        client.timeout = self._limits.reply_timeout
        deferred.attach(client)
        self.slow_clients.add(client)

    def finish(self, stream: socket, reply: Reply, end: bytes) -> None:
        """Send the end of an answer, and close the connection or drain it.  Never raise."""
        try:
            left = reply.end(end)
        except BaseException as error:  # noqa: BLE001  # the same
            self._abort(stream, reply, error)
        else:
            if left:
                self.slow_clients.drain(
                    stream, left, reply.kernel_buffer, self._limits.reply_timeout
                )
            else:
                stream.close()

    def _abort(self, stream: socket, reply: Reply, error: BaseException) -> None:
        # No end packet: the part that was sent must not look like the whole answer.
        reply.abandon()
        if not reply.lost:
            self._log.warn("application", "the application failed to answer a request", error)
        disconnect(stream)
