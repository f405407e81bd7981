"""The process that serves Watchman's clients."""

import contextlib
import logging
import signal
import threading
from types import FrameType

from fsmond.process.detach import raise_limits
from fsmond.watchman.serving.commands import Commands
from fsmond.watchman.serving.connection import Connection
from fsmond.watchman.serving.listening import Channel, Listener
from fsmond.watchman.watches.registry import Registry

_MAX_CLIENTS = 1000  # each has a thread or two
_JOIN_TIMEOUT = 5.0  # seconds for all clients' threads
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")

_log = logging.getLogger(__name__)


class Server:
    """Serves clients, each on a thread of its own, `fsmond-client`, which `run` joins."""

    def __init__(self, socket: str, state_file: str | None) -> None:
        """Claim the socket; raise CommandError or OSError."""
        self._listener = Listener(socket)
        self._registry = Registry(state_file)
        self._commands = Commands(self._registry, socket, self._listener.stop)
        self._lock = threading.Lock()  # guards what follows
        self._clients: dict[Connection, threading.Thread] = {}

    def run(self) -> None:
        """Serve until a client or a signal says stop."""
        self._handle_signals()
        raise_limits()
        handler = _Forwarding(self)
        logging.getLogger("fsmond").addHandler(handler)
        restoring = threading.Thread(
            target=self._registry.restore, name="fsmond-restore", daemon=True
        )
        restoring.start()
        try:
            while (channel := self._listener.accept()) is not None:
                self._serve(channel)
        finally:
            logging.getLogger("fsmond").removeHandler(handler)
            self._close()

    def connections(self) -> list[Connection]:
        """Return the clients that are connected."""
        with self._lock:
            return list(self._clients)

    def _serve(self, channel: Channel) -> None:
        if len(self._clients) >= _MAX_CLIENTS:
            _log.error("%d clients are connected: another one was refused", _MAX_CLIENTS)
            channel.close()
            return
        connection = Connection(channel, self._registry.hashes)
        thread = threading.Thread(
            target=self._converse, args=(connection, channel), name="fsmond-client", daemon=True
        )
        with self._lock:
            self._clients[connection] = thread
        try:
            thread.start()
        except RuntimeError as error:  # there are no more threads
            _log.error("a client was refused: %s", error)
            with self._lock:
                del self._clients[connection]
            channel.close()

    def _converse(self, connection: Connection, channel: Channel) -> None:
        try:
            connection.serve(self._commands.answer)
        finally:
            for root in self._registry.roots():
                with contextlib.suppress(Exception):  # the directory may be gone
                    self._registry.get(root).leave_all(connection)
            with self._lock:
                del self._clients[connection]
            channel.close()

    def _close(self) -> None:
        self._listener.close()
        with self._lock:
            clients = dict(self._clients)
        for connection in clients:
            connection.end()
        for thread in clients.values():
            thread.join(_JOIN_TIMEOUT / max(1, len(clients)))
        self._registry.close()

    def _handle_signals(self) -> None:
        def stop(_: int, __: FrameType | None) -> None:
            self._listener.stop()

        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), stop)
        self._listener.stop_on_signals()


class _Forwarding(logging.Handler):
    """Has clients read the log that asked for it by `log-level`."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        for each in self._server.connections():
            each.write_log(record.levelno, self.format(record))
