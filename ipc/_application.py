"""What the owner of a server gives it: an application, and limits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Data = bytes | bytearray | memoryview
Application = Callable[[bytes, Callable[[Data], None]], object]


class Peer(NamedTuple):
    """Who is at the other end, by the kernel's word, as of the moment in which it connected.

    For a client this is who began to listen.
    """

    uid: int
    gid: int
    pid: int | None = None
    """0 if the process is in a namespace of processes out of our sight, as on Linux outside of our
    container; None where the system does not tell."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The limits of a server; times in seconds, sizes in bytes."""

    nr_threads: int = 8
    """Workers that are always there."""
    uds_disallow_chdir: bool = False
    """Never change the directory of the process; where there is `/proc` that is so anyway."""
    max_threads: int = 64
    """Workers while all are busy; at most half of these wait for clients that do not read."""
    max_request: int = 1 << 20
    """Who sends more is hung up on."""
    max_memory: int = 16 << 20
    """Kept for all clients together: what they have sent, and what they have not read yet.  When it
    is more, the one for whom most is kept is hung up on."""
    request_timeout: float = 30.0
    """For a whole request, from the connection on."""
    reply_timeout: float = 30.0
    """For all of the time in which a client does not take what is there for it."""
    max_waiting: int = 4096
    """Clients that are waited for; when there are more, the oldest is hung up on."""
    allow: Callable[[Peer], bool] | None = None
    """Who may talk; None means the server's own user, and root."""
    allow_shared_directory: bool = False
    """Serve even where others may replace the socket by their own."""

    def __post_init__(self) -> None:
        if self.nr_threads < 1 or self.max_request < 0 or self.max_waiting < 1:
            raise ValueError("nr_threads and max_waiting are at least 1, max_request at least 0")
        if self.max_memory < 2 * self.max_request:
            raise ValueError(
                f"max_memory, {self.max_memory}, is at least twice max_request, {self.max_request}"
            )


class _Quit:
    def __repr__(self) -> str:
        return "ipc.QUIT"


QUIT = _Quit()
"""What an application returns to stop the server, once its answer is out."""
