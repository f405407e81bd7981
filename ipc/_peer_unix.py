"""Tell who is at the other end of a Unix domain socket, by the kernel's word."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules

import _socket
from _socket import socket
from posix import geteuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc._application import Peer

# A `struct ucred` by SO_PEERCRED; else a `struct xucred` by LOCAL_PEERCRED, with SOL_LOCAL.  The
# user is at the same place in both.
_UCRED: int | None = getattr(_socket, "SO_PEERCRED", None)
_LEVEL = 0 if _UCRED is None else _socket.SOL_SOCKET
_OPTION = 1 if _UCRED is None else _UCRED
_SIZE = 76 if _UCRED is None else 12
_GROUP = 12 if _UCRED is None else 8
_PEER_PIDFD = 77  # SO_PEERPIDFD of Linux, which `socket` does not name


def user_of(stream: socket) -> bytes:
    """Return the user at the other end as the kernel writes it: to be compared, not decoded."""
    return stream.getsockopt(_LEVEL, _OPTION, _SIZE)[4:8]


def is_trusted(stream: socket) -> bool:
    """Say whether the user at the other end is this process's own, or root."""
    return int.from_bytes(user_of(stream), sys.byteorder) in (geteuid(), 0)


def peer_of(stream: socket) -> "Peer":
    """Return the user, the group and the process at the other end."""
    from ipc._application import Peer  # slow to import, and a client that only asks needs none

    credentials = stream.getsockopt(_LEVEL, _OPTION, _SIZE)
    return Peer(
        int.from_bytes(credentials[4:8], sys.byteorder),
        int.from_bytes(credentials[_GROUP : _GROUP + 4], sys.byteorder),
        None if _UCRED is None else int.from_bytes(credentials[:4], sys.byteorder),
    )


def process_of(stream: socket) -> int | None:
    """Return a descriptor of the process at the other end, which no other process can take over.

    None if the system has no such thing, as Linux before 6.5, or the process is gone.
    """
    try:
        descriptor = stream.getsockopt(_socket.SOL_SOCKET, _PEER_PIDFD, 4)
    except OSError:
        return None
    return int.from_bytes(descriptor, sys.byteorder) if _UCRED is not None else None
