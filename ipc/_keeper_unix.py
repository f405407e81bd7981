"""Keep a server: start its workers and join them, look after its lobby and its path."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import atexit
import resource
import time

from ipc._application import Application, ServerOptions
from ipc._conversation_unix import Host
from ipc._listen_unix import cannot_serve, claim
from ipc._lobby_unix import Lobby
from ipc._memory import Memory
from ipc._notes import Notes
from ipc._workers_unix import Workers

_TICK = 1.0  # seconds between two looks at the socket file
_BUSY = 0.002  # seconds for which all workers must be busy before one is added
_DOORS = 1.0  # seconds in which those are still served that had connected when it stops
_LEAVE = 5.0  # seconds that clients have to read their answers once the server stops


class Keeper:
    """Claims a path when it is made, and serves it while `run` runs on a thread of its own."""

    def __init__(self, path: bytes, application: Application, options: ServerOptions) -> None:
        self.stop_reason: str | None = None
        self._listener = claim(
            path,
            disallow_chdir=options.uds_disallow_chdir,
            allow_shared_directory=options.allow_shared_directory,
        )
        try:
            self._furnish(application, options)
        except BaseException as error:
            self._listener.close()
            if isinstance(error, OSError):  # out of descriptors, most likely
                raise cannot_serve(path, error) from error
            raise
        # Whoever exits without closing the server still leaves no dead socket behind.
        atexit.register(self._listener.unlink)

    def _furnish(self, application: Application, options: ServerOptions) -> None:
        notes = Notes()
        self.say = notes.say
        host = Host(application, options, notes)
        self._workers = Workers(self._listener, host, notes, options)
        try:
            self._lobby = Lobby(
                self._workers.submit, notes, _most_waiting(options), Memory(options.max_memory)
            )
        except BaseException:
            self._workers.close()
            raise
        self._workers.wake_keeper = self._lobby.wake
        self._workers.make_room = self._lobby.make_room
        host.lobby = self._lobby
        host.waiting = self._workers
        host.quit = lambda: self.stop("the application quit")

    def run(self) -> None:
        """Serve until `stop`, or until the path is lost."""
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
        # While we listen nobody else may claim the path, so it is still safe to remove it; and no
        # client shall find a socket that refuses it.
        self._listener.unlink()
        if not self._workers.stopping:
            self._workers.doors_close = time.monotonic() + _DOORS
        self._workers.stopping = True
        self._listener.wake()
        self._lobby.wake()

    def release(self) -> None:
        """Give everything back.  Harmless when repeated."""
        atexit.unregister(self._listener.unlink)
        self._lobby.close()
        self._workers.close()
        self._listener.close()

    def abandon(self) -> None:
        """Let the path go, though an application does not return: that was done by `stop`."""

    def _look_after(self) -> None:
        now = time.monotonic()
        look_at, grow_at = now + _TICK, None
        while not self._workers.stopping:
            try:
                self._lobby.step(min(look_at, grow_at or look_at) - now)
            except MemoryError:
                self.say("memory", "there is no memory to look after slow clients for now")
                time.sleep(_BUSY)
            now = time.monotonic()
            if now >= look_at:
                look_at = now + _TICK
                self._look()
            if grow_at is None and self._workers.growth_wanted:
                grow_at = now + _BUSY
            elif grow_at is not None and now >= grow_at:
                grow_at = None
                self._workers.grow()

    def _look(self) -> None:
        self._workers.alive()  # joins those that ended
        self._workers.grow()  # if there was no thread to be had when one was wanted
        reason = self._listener.lost()
        if reason:
            self.stop(reason)

    def _wind_up(self) -> None:
        limit = time.monotonic() + _LEAVE
        while self._workers.alive() or self._lobby.leaving:
            self._lobby.dismiss_asking()
            if not self._workers.idle and self._workers.door_is_closed():
                self._listener.close_socket()  # not before: its number may be used again
            if time.monotonic() > limit:
                self._lobby.dismiss_leaving()
                self._workers.wait_no_longer()
            self._lobby.step(_TICK / 10)


def _most_waiting(options: ServerOptions) -> int:
    # Half of the descriptors are left for the owner's own use, and for those being served.
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return options.max_waiting if soft < 0 else min(options.max_waiting, soft // 2)
