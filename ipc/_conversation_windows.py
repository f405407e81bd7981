"""Hold conversations over pipes: take each request, let the application answer."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


from collections.abc import Callable
from functools import partial

from ipc._application import QUIT, Application, ServerOptions
from ipc._lobby_windows import Asking, Leaving, Lobby
from ipc._notes import Notes
from ipc._pipe_windows import Pipe
from ipc._port_windows import Operation
from ipc._reply_windows import Reply, Waiting
from ipc._request import Request
from ipc.errors import HungUpError, ProtocolError


class Host:
    """Converses with the clients of one server, on any thread.  Its methods raise nothing."""

    lobby: Lobby
    waiting: Waiting
    quit: Callable[[], None]

    def __init__(self, application: Application, limits: ServerOptions, notes: Notes) -> None:
        self._application = application
        self._limits = limits
        self._notes = notes

    def welcome(self, pipe: Pipe) -> None:
        """Begin a conversation with a client that has just connected."""
        request = Request(self._limits.max_request)
        share = self.lobby.share()
        guest = Asking(pipe, request, self._limits.request_timeout, share)
        self.lobby.enter(guest)
        self._listen(guest)

    def _listen(self, guest: Asking) -> None:
        try:
            guest.listening = guest.pipe.receive(partial(self._heard, guest))
        except (OSError, HungUpError):
            self._part(guest)  # it only wanted to know whether we live, as a rule

    def _heard(self, guest: Asking, operation: Operation) -> None:
        try:
            message = guest.request.feed(operation.getresult())
        except ProtocolError as error:
            self._notes.say("protocol", f"hung up on a client: {error}")
            self.lobby.leave(guest)
            guest.pipe.hang_up()
            return
        except (OSError, MemoryError):
            self._part(guest)
            return
        if message is None:
            self.lobby.resize(guest)
            self._listen(guest)
        elif self.lobby.lead_in(guest):
            self._answer(guest.pipe, message)

    def _part(self, guest: Asking) -> None:
        self.lobby.leave(guest)
        guest.pipe.close()

    def _answer(self, pipe: Pipe, message: bytes) -> None:
        reply = Reply(pipe, self.waiting, self._limits.reply_timeout)
        result = None
        try:
            result = self._application(message, reply)
            reply.finish(result if isinstance(result, bytes) else b"")
        except BaseException as error:  # noqa: BLE001  # whatever it is, others want to be served
            # No end packet: what went out so far must not look like the whole answer.
            reply.abandon()
            if not reply.lost:
                self._notes.say("application", "the application failed to answer a request", error)
            self.lobby.lead_out(pipe)
            pipe.hang_up()
        else:
            self._see_off(pipe)
        if result is QUIT:
            self.quit()

    def _see_off(self, pipe: Pipe) -> None:
        guest = Leaving(pipe, self._limits.reply_timeout, self.lobby.share())
        self.lobby.enter(guest)
        self.lobby.lead_out(pipe)
        if pipe.when_sent(partial(self._left, guest)):
            self._left(guest)

    def _left(self, guest: Leaving) -> None:
        self.lobby.leave(guest)
        guest.pipe.close()
