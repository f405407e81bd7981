"""Handle connections: receive each request, send the answer."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


from collections.abc import Callable
from functools import partial

from ipc._application import QUIT, Application, ServerOptions
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.request import Request
from ipc._server.windows.deferred_client import DeferredClient
from ipc._server.windows.pipe import Pipe
from ipc._server.windows.port import Operation, Port
from ipc._server.windows.reply import BlockableWorkers, Reply
from ipc._server.windows.slow_clients import IncompleteRequest, SlowClients, UnreadReply
from ipc.deferred import Deferred
from ipc.errors import HungUpError, ProtocolError


class ConnectionHandler:
    """Handles the connections of one server, on any thread.  Its methods never raise."""

    slow_clients: SlowClients
    workers: BlockableWorkers
    quit: Callable[[], None]
    port: Port

    def __init__(
        self, application: Application, limits: ServerOptions, log: RateLimitedLog
    ) -> None:
        self._application = application
        self._limits = limits
        self._log = log

    def accept(self, pipe: Pipe) -> None:
        """Start to receive the request of a client that has just connected."""
        request = Request(self._limits.max_request)
        share = self.slow_clients.share()
        client = IncompleteRequest(pipe, request, self._limits.request_timeout, share)
        self.slow_clients.add(client)
        self._receive(client)

    def _receive(self, client: IncompleteRequest) -> None:
        try:
            client.receiving = client.pipe.receive(partial(self._received, client))
        except (OSError, HungUpError):
            self._close(client)  # usually the client only checked whether the server listens

    def _received(self, client: IncompleteRequest, operation: Operation) -> None:
        try:
            message = client.request.feed(operation.getresult())
        except ProtocolError as error:
            self._log.warn("protocol", f"disconnected a client: {error}")
            self.slow_clients.remove(client)
            client.pipe.disconnect()
            return
        except (OSError, MemoryError):
            self._close(client)
            return
        if message is None:
            self.slow_clients.resize(client)
            self._receive(client)
        elif self.slow_clients.begin_answer(client):
            self._answer(client.pipe, message)

    def _close(self, client: IncompleteRequest) -> None:
        self.slow_clients.remove(client)
        client.pipe.close()

    def _answer(self, pipe: Pipe, message: bytes) -> None:
        reply = Reply(pipe, self.workers, self._limits.reply_timeout)
        result = None
        try:
            result = self._application(message, reply)
            if isinstance(result, Deferred):
                reply.abandon()
                self._defer(pipe, result)
                return
            reply.finish(result if isinstance(result, bytes) else b"")
        except BaseException as error:  # noqa: BLE001  # the worker must go on to serve others
            # No end packet: the part that was sent must not look like the whole answer.
            reply.abandon()
            if not reply.lost:
                self._log.warn("application", "the application failed to answer a request", error)
            self.slow_clients.end_answer(pipe)
            pipe.disconnect()
        else:
            self._drain(pipe)
            self.slow_clients.end_answer(pipe)
        if result is QUIT:
            self.quit()

    def _defer(self, pipe: Pipe, deferred: Deferred) -> None:
        client = DeferredClient(pipe, deferred, self.port, self.slow_clients, self._drain)
        deferred.attach(client)
        is_accepted = self.slow_clients.add_deferred(client)
        self.slow_clients.end_answer(pipe)
        if is_accepted:
            client.begin()
        else:
            client.drop()

    def _drain(self, pipe: Pipe) -> None:
        client = UnreadReply(pipe, self._limits.reply_timeout, self.slow_clients.share())
        self.slow_clients.add(client)
        if pipe.call_when_sent(partial(self._drained, client)):
            self._drained(client)

    def _drained(self, client: UnreadReply) -> None:
        self.slow_clients.remove(client)
        client.pipe.close()
