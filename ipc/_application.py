"""The interface of an application to its server: request, reply, peer, limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Data = bytes | bytearray | memoryview
Application = Callable[[bytes, Callable[[Data], None]], object]


class Peer(NamedTuple):
    """The process at the other end, as the kernel recorded it when the connection was made.

    A client sees the process that called `listen`.
    """

    uid: int
    gid: int
    pid: int | None = None
    """0 if the process is not visible in this PID namespace, for example outside this container;
    None if the system does not report it."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The limits of a server; times in seconds, sizes in bytes."""

    nr_threads: int = 8
    """The minimum number of workers."""
    uds_disallow_chdir: bool = False
    """Never change the directory of the process.  With `/proc` that is never necessary."""
    max_threads: int = 64
    """The maximum number of workers; at most half of them wait for clients that do not read."""
    max_request: int = 1 << 20
    """A client that sends a longer request is disconnected."""
    max_memory: int = 16 << 20
    """The limit of what is buffered for all clients together: incomplete requests and unread
    answers.  Above it, the client with the largest buffer is disconnected."""
    request_timeout: float = 30.0
    """For a whole request, from the connection on."""
    reply_timeout: float = 30.0
    """For the total time in which the client does not read its answer."""
    max_waiting: int = 4096
    """The maximum number of slow clients; above it, the oldest one is disconnected."""
    max_deferred: int = 10_000
    """The maximum number of conversations that are answered later; see `Deferred`.  On Unix, no
    more than half of the descriptors that the process may open.  Above it, new ones are
    disconnected."""
    allow: Callable[[Peer], bool] | None = None
    """Decides which clients are served; None allows the server's own user and root."""
    allow_shared_directory: bool = False
    """Serve even in a folder in which other users could replace the socket."""

    def __post_init__(self) -> None:
        if self.nr_threads < 1 or self.max_waiting < 1:
            raise ValueError("nr_threads and max_waiting must be at least 1")
        if self.max_request < 0 or self.max_deferred < 0:
            raise ValueError("max_request and max_deferred must be at least 0")
        if self.max_memory < 2 * self.max_request:
            raise ValueError(
                f"max_memory ({self.max_memory}) must be at least twice max_request"
                f" ({self.max_request})"
            )


class _Quit:
    def __repr__(self) -> str:
        return "ipc.QUIT"


QUIT = _Quit()
"""An application returns this to stop the server after its answer has been sent."""
