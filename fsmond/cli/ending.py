"""End the process of a daemon that does not answer, after it was made sure that it is that one."""

import contextlib
import os
import signal
import time
from typing import Self

from fsmond.client import Client
from fsmond.daemon.alive import lives
from fsmond.daemon.holder import is_link
from ipc.client import connect, get_active_state
from ipc.state import ActiveState

_POLITE = 5.0  # seconds that it has after SIGTERM, and again after SIGKILL
_NAP = 0.01  # seconds
_NO_PROCESS = 1  # as a number of a process: no daemon is that
_SIGNALS = ("SIGTERM", "SIGKILL")  # by name, as Windows has not both
_COMMANDS = (b"run", b"start")  # what becomes a daemon


class Serving:
    """The process that serves a tree's socket, by the kernel's word.

    To be closed.  Raises what `connect` raises.  It is held by a descriptor, as its number may be
    another's when it is gone.
    """

    def __init__(self, client: Client) -> None:
        self._socket = client.place.socket
        self._root = client.place.root
        with connect(self._socket) as connection:
            peer = connection.peer if connection.is_trusted else None
            self.pid = None if peer is None else peer.pid
            """As `Peer.pid`; None also if it is another user's."""
            self._process = connection.process() if self.pid else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            os.close(self._process)
            self._process = None

    def doubt(self) -> str | None:
        """Return why it must not be ended by force; None if it is sure which process it is."""
        if self.pid == 0:
            return "it is in another process namespace, a container as a rule; stop it there"
        if is_link(self._socket):
            return (
                f"{os.fsdecode(self._socket)} is a link, and may lead to another tree's daemon; "
                "remove it"
            )
        if self.pid is None or self.pid <= _NO_PROCESS or self._process is None:
            return "the system does not tell for sure which process it is; end it by hand"
        words = _command_line(self.pid)
        is_ours = any(b"fsmond" in word for word in words)
        if not (is_ours and any(each in words for each in _COMMANDS)):
            return f"process {self.pid} serves its socket, and is not known to be fsmond's"
        if b"--detached" in words and self._root not in words:
            return f"process {self.pid} serves its socket, for another tree"
        return None

    def end(self) -> bool:
        """End it, politely at first; say whether it is gone.  Only if there is no `doubt`."""
        for name in _SIGNALS:
            self._send(name)
            self._send("SIGCONT")  # one that was stopped does not hear the other before
            deadline = time.monotonic() + _POLITE
            while lives(self.pid):
                if time.monotonic() > deadline:
                    break
                time.sleep(_NAP)
            else:
                self._tidy_up()
                return True
        return False

    def _send(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            getattr(signal, "pidfd_send_signal")(self._process, getattr(signal, name))  # noqa: B009 - Linux alone has it

    def _tidy_up(self) -> None:
        """Remove the socket of one that could not: else the next git waits a second for it."""
        if get_active_state(self._socket) == ActiveState.NOT_LISTENING:
            with contextlib.suppress(OSError):
                os.unlink(self._socket)


def _command_line(pid: int) -> list[bytes]:
    """Return how a process was called; nothing if that is not known for sure."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return []  # it counts otherwise there than the kernel does to us
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(1 << 16).split(b"\0")
    except OSError:
        return []
