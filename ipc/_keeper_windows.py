"""Keep a server: start its workers and join them, look after its lobby and its pipe."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import time

from ipc._application import Application, ServerOptions
from ipc._conversation_windows import Host
from ipc._listen_windows import Listener
from ipc._lobby_windows import Lobby
from ipc._memory import Memory
from ipc._notes import Notes
from ipc._pipe_windows import Pipe
from ipc._port_windows import Bell, Port
from ipc._workers_windows import Workers

_TICK = 0.25  # seconds between two looks at who waits for too long
_BUSY = 0.002  # seconds for which all workers must be busy before one is added
_DOORS = 1.0  # seconds in which those are still served that had connected when it stops
_ASKS = 0.2  # seconds; who has connected asks within microseconds
_LEAVE = 5.0  # seconds that clients have to read their answers once the server stops


class Keeper:
    """Claims a path when it is made, and serves it while `run` runs on a thread of its own."""

    def __init__(self, path: bytes, application: Application, options: ServerOptions) -> None:
        if options.allow is not None:
            raise ValueError(
                "allow cannot be given on Windows: the pipe lets in nobody but its own user"
            )
        self.stop_reason: str | None = None
        self._notes = Notes()
        self.say = self._notes.say
        self._stopping = False
        self._released = False
        self._port = Port()
        self._bell = Bell()
        self._host = Host(application, options, self._notes)
        self._workers = Workers(self._port, self._bell, self._notes, options)
        self._lobby = Lobby(options.max_waiting, Memory(options.max_memory), self._notes)
        self._host.lobby = self._lobby
        self._host.waiting = self._workers
        self._host.quit = lambda: self.stop("the application quit")
        try:
            self._listener = Listener(path, self._port, self._welcome)
        except BaseException:
            self._port.close()
            raise
        self._top_up()

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self._look_after()
        except Exception as error:  # noqa: BLE001  # whatever it is, the workers have to be told
            self.say("keeper", "the server failed and stops", error)
            self.stop(f"the server failed: {error}")
        self._wind_up()
        self.release()

    def start_workers(self) -> bool:
        """Start those who serve, while `run` runs; return whether there are any."""
        return self._workers.start()

    def stop(self, reason: str) -> None:
        """Make `run` return soon.  Takes no lock: signal handlers may call it."""
        if self.stop_reason is None:
            self.stop_reason = reason
        self._stopping = True
        self._bell.ring()

    def release(self) -> None:
        """Give everything back.  Harmless when repeated."""
        if not self._released:
            self._released = True
            self._listener.close()
            self._port.close()

    def abandon(self) -> None:
        """Let the name go, though an application does not return; its client is hung up on."""
        self._listener.close()
        self._lobby.dismiss_answered()

    def _welcome(self, handle: int) -> None:
        if self._listener.is_running_short:
            self._bell.ring()
        self._host.welcome(Pipe(self._port, handle))

    def _look_after(self) -> None:
        grow_at = None
        while not self._stopping:
            self._bell.wait(_TICK if grow_at is None else max(grow_at - time.monotonic(), 0))
            now = time.monotonic()
            if grow_at is None and self._workers.growth_wanted:
                grow_at = now + _BUSY
            elif grow_at is not None and now >= grow_at:
                grow_at = None
                self._workers.grow()
            self._look()

    def _look(self) -> None:
        self._workers.alive()  # joins those that ended
        self._lobby.show_out()
        self._top_up()

    def _top_up(self) -> None:
        try:
            self._listener.top_up()
        except OSError as error:
            self.say("accept", f"cannot accept more connections for now: {error}")

    def _wind_up(self) -> None:
        began = time.monotonic()
        self._listener.wind_up()
        while self._listener.waits or self._lobby.is_busy:
            self._lobby.dismiss_silent(_ASKS)
            now = time.monotonic()
            if now > began + _DOORS:
                self._listener.close()
                self._lobby.dismiss_asking()
            if now > began + _LEAVE:
                self._lobby.dismiss_leaving()
                self._workers.wait_no_longer()
            self._bell.wait(_TICK / 10)
        self._workers.end()
        while self._workers.alive():
            self._bell.wait(_TICK / 10)
