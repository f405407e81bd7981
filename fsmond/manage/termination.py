"""Kill the process of a daemon that does not answer, once it is certain which one that is."""

import contextlib
import os
import signal
import time
from typing import Self

from fsmond.presence.title import title_of
from fsmond.process.alive import is_running
from fsmond.process.socket_owner import is_link
from fsmond.rendezvous import Place
from ipc.client import connect, get_active_state
from ipc.state import ActiveState

_GRACE_PERIOD = 5.0  # seconds to exit after SIGTERM, and again after SIGKILL
_POLL_INTERVAL = 0.01  # seconds
_INIT = 1  # a process id that no daemon has
_SIGNALS = ("SIGTERM", "SIGKILL")  # by name, as Windows lacks SIGKILL
_COMMANDS = (b"run", b"start")  # of which one is in a daemon's command line


class ServerProcess:
    """The process that serves a tree's socket, as the kernel reports it.

    A context manager.  Raises what `connect` raises.  Holds the process by a descriptor, as its
    id may be reused after it exits.
    """

    def __init__(self, place: Place) -> None:
        self._socket = place.socket
        self._root = place.root
        with connect(self._socket) as connection:
            peer = connection.peer if connection.is_trusted else None
            self.pid = None if peer is None else peer.pid
            """As `Peer.pid`; None also if the process is another user's."""
            self._process = connection.process() if self.pid else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            os.close(self._process)
            self._process = None

    def reason_not_to_kill(self) -> str | None:
        """Return why the process must not be killed; None if it is certain to be the daemon's."""
        if self.pid == 0:
            return "it is in another process namespace, probably a container; stop it there"
        if is_link(self._socket):
            return (
                f"{os.fsdecode(self._socket)} is a link, and may lead to another tree's daemon; "
                "remove it"
            )
        if self.pid is None or self.pid <= _INIT or self._process is None:
            return "the system does not identify its process reliably; end it yourself"
        words = _command_line(self.pid)
        if words and words[0] == title_of(self._root):
            return None
        is_ours = any(b"fsmond" in word for word in words)
        if not (is_ours and any(each in words for each in _COMMANDS)):
            return f"process {self.pid} serves its socket, but cannot be identified as fsmond"
        if b"--detached" in words and self._root not in words:
            return f"process {self.pid} serves its socket, but watches another tree"
        return None

    def kill(self) -> bool:
        """Send SIGTERM, then SIGKILL; return whether the process has exited.

        Call this only if `reason_not_to_kill` returns None.
        """
        for name in _SIGNALS:
            self._send(name)
            self._send("SIGCONT")  # a stopped process does not get SIGTERM before
            deadline = time.monotonic() + _GRACE_PERIOD
            while is_running(self.pid):
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_INTERVAL)
            else:
                self._remove_socket()
                return True
        return False

    def _send(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            getattr(signal, "pidfd_send_signal")(self._process, getattr(signal, name))  # noqa: B009 - only Linux has it

    def _remove_socket(self) -> None:
        """Remove the socket if the daemon could not: else the next git retries for a second."""
        if get_active_state(self._socket) == ActiveState.NOT_LISTENING:
            with contextlib.suppress(OSError):
                os.unlink(self._socket)


def _command_line(pid: int) -> list[bytes]:
    """Return a process's command line; an empty list if it is not known reliably."""
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return []  # that /proc numbers processes for another namespace
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(1 << 16).split(b"\0")
    except OSError:
        return []
