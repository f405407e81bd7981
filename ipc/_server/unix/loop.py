"""The server loop: serve slow clients, add and join workers, check the path."""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import atexit
import resource
import time

from ipc._application import Application, ServerOptions
from ipc._server.memory import MemoryBudget
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.unix.handler import ConnectionHandler
from ipc._server.unix.listen import cannot_serve, claim
from ipc._server.unix.slow_clients import SlowClients
from ipc._server.unix.workers import Workers

_CHECK_INTERVAL = 1.0  # seconds between two checks of the socket file
_GROW_DELAY = 0.002  # seconds for which all workers must be busy before one is added
_DRAIN_TIME = 1.0  # seconds after the stop in which clients that had connected are still served
_READ_TIME = 5.0  # seconds after the stop in which clients can read their answers


class ServerLoop:
    """The loop of one server: the constructor claims the path, `run` has its own thread."""

    def __init__(self, path: bytes, application: Application, options: ServerOptions) -> None:
        self.stop_reason: str | None = None
        self._listener = claim(
            path,
            disallow_chdir=options.uds_disallow_chdir,
            allow_shared_directory=options.allow_shared_directory,
        )
        try:
            self._set_up(application, options)
        except BaseException as error:
            self._listener.close()
            if isinstance(error, OSError):  # most likely no descriptors are left
                raise cannot_serve(path, error) from error
            raise
        # A process that exits without `close` must not leave its socket behind either.
        atexit.register(self._listener.unlink)

    def _set_up(self, application: Application, options: ServerOptions) -> None:
        log = RateLimitedLog()
        self.warn = log.warn
        handler = ConnectionHandler(application, options, log)
        self._workers = Workers(self._listener, handler, log, options)
        try:
            self._slow_clients = SlowClients(
                self._workers.submit,
                log,
                _allowed(options.max_waiting),
                _allowed(options.max_deferred),
                MemoryBudget(options.max_memory),
            )
        except BaseException:
            self._workers.close()
            raise
        self._workers.wake_loop = self._slow_clients.wake
        self._workers.drop_oldest = self._slow_clients.drop_oldest
        handler.slow_clients = self._slow_clients
        handler.workers = self._workers
        handler.quit = lambda: self.stop("the application quit")

    def run(self) -> None:
        """Serve until `stop`, or until the socket is removed or replaced."""
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
        """Make `run` return soon.  Signal handlers may call it."""
        if self.stop_reason is None:
            self.stop_reason = reason
        # Before the socket stops to listen: until then no other server can claim the path, so it is
        # safe to remove, and no client finds a socket that refuses connections.
        self._listener.unlink()
        if not self._workers.stopping:
            self._workers.drain_deadline = time.monotonic() + _DRAIN_TIME
        self._workers.stopping = True
        self._listener.shut_down()
        self._slow_clients.wake()

    def release(self) -> None:
        """Release the path and all resources.  Harmless when repeated."""
        atexit.unregister(self._listener.unlink)
        self._slow_clients.close()
        self._workers.close()
        self._listener.close()

    def abandon(self) -> None:
        """Free the path while an application still runs: `stop` has already done so."""

    def _serve(self) -> None:
        now = time.monotonic()
        check_at, grow_at = now + _CHECK_INTERVAL, None
        while not self._workers.stopping:
            try:
                self._slow_clients.step(min(check_at, grow_at or check_at) - now)
            except MemoryError:
                self.warn("memory", "out of memory: slow clients are not served for now")
                time.sleep(_GROW_DELAY)
            now = time.monotonic()
            if now >= check_at:
                check_at = now + _CHECK_INTERVAL
                self._check()
            if grow_at is not None and now >= grow_at:
                grow_at = None
                self._workers.grow()
            if grow_at is None and self._workers.growth_requested:
                grow_at = now + _GROW_DELAY

    def _check(self) -> None:
        self._workers.join_ended()
        self._workers.grow()  # in case the system had refused a thread
        reason = self._listener.loss_reason()
        if reason:
            self.stop(reason)

    def _drain(self) -> None:
        limit = time.monotonic() + _READ_TIME
        while self._workers.join_ended() or self._slow_clients.has_unread_replies:
            self._workers.unpark()
            self._slow_clients.drop_incomplete_requests()
            if time.monotonic() > self._workers.drain_deadline:
                self._slow_clients.drop_unfinished()
            if not self._workers.idle and self._workers.is_drained():
                self._listener.close_socket()  # not earlier: its descriptor may be reused
            if time.monotonic() > limit:
                self._slow_clients.drop_unread_replies()
                self._workers.disconnect_blocked()
            self._slow_clients.step(_CHECK_INTERVAL / 10)


def _allowed(number: int) -> int:
    # Half of the descriptors remain for the rest of the process, and for clients being answered.
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return number if soft < 0 else min(number, soft // 2)
