"""Be a server."""

import os
import sys
import threading
from types import TracebackType
from typing import Self

from ipc._application import QUIT, Application, Peer, ServerOptions
from ipc.client import as_bytes
from ipc.errors import UnreachableError

if sys.platform == "win32":
    from ipc._keeper_windows import Keeper
else:
    from ipc._keeper_unix import Keeper

__all__ = ["QUIT", "Application", "Peer", "Server", "ServerOptions", "run"]

CLOSE_PATIENCE = 10.0  # seconds that `close` waits for an application that does not return

_NO_THREAD = (
    "cannot serve: {}; raise the limit of processes and threads (ulimit -u, TasksMax= of systemd,"
    " --pids-limit of a container) or of memory (ulimit -v), or end some"
)

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Server:
    """Serves a path on threads of its own, from `start` until `stop`.

    The path is claimed when the object is made: from then on clients connect, and wait.
    """

    def __init__(
        self, path: Path, application: Application, options: ServerOptions | None = None
    ) -> None:
        self.options = options or ServerOptions()
        self._keeper = Keeper(as_bytes(path), application, self.options)
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def stop_reason(self) -> str | None:
        """Why the server stops or has stopped; None while it serves."""
        return self._keeper.stop_reason

    def start(self) -> None:
        """Begin to accept and to read requests.

        Raises UnreachableError, and closes the server, where the system has no threads for it.
        """
        if self._thread is not None or self._closed:
            raise RuntimeError("a server can be started once only: make another one")
        # A daemon, like the workers that it starts and joins: an application that never returns
        # must not keep the process from ending.  `close` joins it.
        thread = threading.Thread(target=self._keeper.run, name="ipc-keeper", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            self.close()
            raise UnreachableError(_NO_THREAD.format(error)) from error
        self._thread = thread
        if not self._keeper.start_workers():
            self.close()
            raise UnreachableError(_NO_THREAD.format("not one worker could be started"))

    def stop(self) -> None:
        """Make the server end soon.

        What it is answering it still answers, and for a second those that had connected and
        asked; on all others it hangs up.
        Any thread may call this, the application, and a signal handler.  Harmless when repeated.
        """
        self._keeper.stop("stop was called")

    def wait(self, timeout: float | None = None) -> bool:
        """Return True when the server has ended, False if it has not within `timeout` seconds."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Stop, and wait for the end, but no longer than `CLOSE_PATIENCE`.

        The path is free afterwards in any case; the thread of an application that does not return
        is left behind, and logged.
        """
        if self._closed:
            return
        self._closed = True
        self.stop()
        if self._thread is None:
            self._keeper.release()
        elif not self.wait(CLOSE_PATIENCE):
            self._keeper.abandon()
            self._keeper.say("close", "the application does not return: its thread is left behind")

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
    """Serve until the application returns `QUIT`, or the path is lost."""
    with Server(path, application, options) as server:
        server.wait()
