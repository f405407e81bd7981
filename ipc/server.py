"""The server."""

import os
import sys
import threading
from types import TracebackType
from typing import Self

from ipc._application import QUIT, Application, Peer, ServerOptions
from ipc.client import as_bytes
from ipc.errors import UnreachableError

if sys.platform == "win32":
    from ipc._server.windows.loop import ServerLoop
else:
    from ipc._server.unix.loop import ServerLoop

__all__ = ["QUIT", "Application", "Peer", "Server", "ServerOptions", "run"]

CLOSE_TIMEOUT = 10.0  # seconds; `close` waits no longer for an application that does not return

_NO_THREAD = (
    "cannot serve: {}; raise the limit of processes and threads (ulimit -u, TasksMax= of systemd,"
    " --pids-limit of a container) or of memory (ulimit -v), or end some processes"
)

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Server:
    """Serves a path on its own threads, from `start` until `stop`.

    The constructor claims the path: from then on clients can connect, and wait for `start`.
    """

    def __init__(
        self, path: Path, application: Application, options: ServerOptions | None = None
    ) -> None:
        self.options = options or ServerOptions()
        self._loop = ServerLoop(as_bytes(path), application, self.options)
        self._thread: threading.Thread | None = None
        # Taken by `_run` or `close`, whichever is first: that one releases the loop's resources.
        self._release = threading.Lock()
        self._closed = False

    @property
    def stop_reason(self) -> str | None:
        """Why the server stops or has stopped; None while it serves."""
        return self._loop.stop_reason

    def start(self) -> None:
        """Start to accept connections and to answer requests.

        Raise UnreachableError, and close the server, if the system cannot start its threads.
        """
        if self._thread is not None or self._closed:
            raise RuntimeError("a server can be started only once: create another one")
        # A daemon thread, like the workers that it joins: an application that never returns must
        # not prevent the exit of the process.  `close` joins it.
        self._thread = threading.Thread(target=self._run, name="ipc-loop", daemon=True)
        try:
            self._thread.start()
        except (RuntimeError, MemoryError) as error:
            self.close()
            raise UnreachableError(_NO_THREAD.format(error)) from error
        if not self._loop.start_workers() and self.stop_reason is None:
            self.close()
            raise UnreachableError(_NO_THREAD.format("no worker thread could be started"))

    def stop(self) -> None:
        """Make the server stop soon.

        It completes the answers that are under way.  For one second it also answers clients that
        had connected and sent their request.  It disconnects all others.
        Any thread, the application and signal handlers may call this.  Harmless when repeated.
        """
        self._loop.stop("stop was called")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the server; return False if it still runs after `timeout` seconds."""
        if self._thread is None or self._thread.ident is None:
            return True  # it was not started
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Stop, and wait for the end, for at most `CLOSE_TIMEOUT`.

        The path is free afterwards in any case.  If the application does not return, its thread
        keeps running; this is logged.
        """
        if self._closed:
            return
        self._closed = True
        self.stop()
        if self._release.acquire(blocking=False):
            # It was not started, or only as far as to an exception from a signal handler.
            self._loop.release()
        elif not self.wait(CLOSE_TIMEOUT):
            self._loop.abandon()
            self._loop.warn("close", "the application does not return: its thread keeps running")

    def _run(self) -> None:
        if self._release.acquire(blocking=False):
            self._loop.run()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def run(path: Path, application: Application, options: ServerOptions | None = None) -> None:
    """Serve until the application returns `QUIT`, or the socket is removed or replaced."""
    with Server(path, application, options) as server:
        server.wait()
