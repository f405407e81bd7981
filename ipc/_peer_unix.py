"""Identify the peer of a Unix domain socket, as the kernel reports it."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules

import _socket
from _socket import socket
from posix import geteuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc._application import Peer

# SO_PEERCRED returns a `struct ucred`; LOCAL_PEERCRED, with SOL_LOCAL, a `struct xucred`.  The user
# has the same offset in both.
_PEERCRED: int | None = getattr(_socket, "SO_PEERCRED", None)
_LEVEL = 0 if _PEERCRED is None else _socket.SOL_SOCKET
_OPTION = 1 if _PEERCRED is None else _PEERCRED
_SIZE = 76 if _PEERCRED is None else 12
_GROUP_OFFSET = 12 if _PEERCRED is None else 8
_PEER_PIDFD = 77  # SO_PEERPIDFD of Linux, which `socket` does not define


def user_of(stream: socket) -> bytes:
    """Return the peer's user in the kernel's encoding, for a comparison without decoding."""
    return stream.getsockopt(_LEVEL, _OPTION, _SIZE)[4:8]


def is_trusted(stream: socket) -> bool:
    """Return whether the peer's user is this process's own, or root."""
    return int.from_bytes(user_of(stream), sys.byteorder) in (geteuid(), 0)


def peer_of(stream: socket) -> "Peer":
    """Return the user, the group and the process of the peer."""
    from ipc._application import Peer  # slow to import, and most clients do not need it

    credentials = stream.getsockopt(_LEVEL, _OPTION, _SIZE)
    return Peer(
        int.from_bytes(credentials[4:8], sys.byteorder),
        int.from_bytes(credentials[_GROUP_OFFSET : _GROUP_OFFSET + 4], sys.byteorder),
        None if _PEERCRED is None else int.from_bytes(credentials[:4], sys.byteorder),
    )


def process_of(stream: socket) -> int | None:
    """Return a descriptor of the peer's process; unlike its number, it is never reused.

    None if the process is gone, or the system lacks such descriptors, as Linux before 6.5.
    """
    try:
        descriptor = stream.getsockopt(_socket.SOL_SOCKET, _PEER_PIDFD, 4)
    except OSError:
        return None
    return int.from_bytes(descriptor, sys.byteorder) if _PEERCRED is not None else None
