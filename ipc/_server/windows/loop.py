"""The server loop: add and join workers, drop overdue clients, add instances."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import time

from ipc._application import Application, ServerOptions
from ipc._server.memory import MemoryBudget
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.windows.handler import ConnectionHandler
from ipc._server.windows.listen import Listener
from ipc._server.windows.pipe import Pipe
from ipc._server.windows.port import Port, WakeEvent
from ipc._server.windows.slow_clients import SlowClients
from ipc._server.windows.workers import Workers

_CHECK_INTERVAL = 0.25  # seconds between two checks for overdue clients
_GROW_DELAY = 0.002  # seconds for which all workers must be busy before one is added
_DRAIN_TIME = 1.0  # seconds after the stop in which clients that had connected are still served
_REQUEST_TIME = 0.2  # seconds after the connection; a client sends its request within microseconds
_READ_TIME = 5.0  # seconds after the stop in which clients can read their answers


class ServerLoop:
    """The loop of one server: the constructor claims the path, `run` has its own thread."""

    def __init__(self, path: bytes, application: Application, options: ServerOptions) -> None:
        if options.allow is not None:
            raise ValueError(
                "allow cannot be used on Windows: the pipe gives access only to its own user"
            )
        self.stop_reason: str | None = None
        self._log = RateLimitedLog()
        self.warn = self._log.warn
        self._stopping = False
        self._released = False
        self._port = Port()
        self._wake_event = WakeEvent()
        self._handler = ConnectionHandler(application, options, self._log)
        self._workers = Workers(self._port, self._wake_event, self._log, options)
        self._slow_clients = SlowClients(
            options.max_waiting,
            options.max_deferred,
            MemoryBudget(options.max_memory),
            self._log,
        )
        self._handler.slow_clients = self._slow_clients
        self._handler.workers = self._workers
        self._handler.port = self._port
        self._handler.quit = lambda: self.stop("the application quit")
        try:
            self._listener = Listener(path, self._port, self._on_connect)
        except BaseException:
            self._port.close()
            raise
        self._top_up()

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001  # after any error the workers must be stopped
            self.warn("loop", "the server failed and stops", error)
            self.stop(f"the server failed: {error}")
        self._drain()
        self.release()

    def start_workers(self) -> bool:
        """Start the workers; return whether there is at least one.  `run` must be running."""
        return self._workers.start()

    def stop(self, reason: str) -> None:
        """Make `run` return soon.  Signal handlers may call it: it takes no lock."""
        if self.stop_reason is None:
            self.stop_reason = reason
        self._stopping = True
        self._wake_event.set()

    def release(self) -> None:
        """Release the name and all resources.  Harmless when repeated."""
        if not self._released:
            self._released = True
            self._listener.close()
            self._port.close()

    def abandon(self) -> None:
        """Release the name while an application still runs; disconnect that one's client."""
        self._listener.close()
        self._slow_clients.drop_being_answered()

    def _on_connect(self, handle: int) -> None:
        if self._listener.is_low:
            self._wake_event.set()
        self._handler.accept(Pipe(self._port, handle))

    def _serve(self) -> None:
        grow_at = None
        while not self._stopping:
            self._wake_event.wait(
                _CHECK_INTERVAL if grow_at is None else max(grow_at - time.monotonic(), 0)
            )
            now = time.monotonic()
            if grow_at is None and self._workers.growth_requested:
                grow_at = now + _GROW_DELAY
            elif grow_at is not None and now >= grow_at:
                grow_at = None
                self._workers.grow()
            self._check()

    def _check(self) -> None:
        self._workers.join_ended()
        self._slow_clients.drop_overdue()
        self._top_up()

    def _top_up(self) -> None:
        try:
            self._listener.top_up()
        except OSError as error:
            self.warn("accept", f"cannot accept more connections for now: {error}")

    def _drain(self) -> None:
        began = time.monotonic()
        self._listener.stop_accepting()
        while self._listener.is_accepting or self._slow_clients.has_clients:
            self._slow_clients.drop_silent(_REQUEST_TIME)
            now = time.monotonic()
            if now > began + _DRAIN_TIME:
                self._listener.close()
                self._slow_clients.drop_incomplete_requests()
                self._slow_clients.drop_unfinished()
            if now > began + _READ_TIME:
                self._slow_clients.drop_unread_replies()
                self._workers.disconnect_blocked()
            self._wake_event.wait(_CHECK_INTERVAL / 10)
        self._workers.end()
        while self._workers.join_ended():
            self._wake_event.wait(_CHECK_INTERVAL / 10)
