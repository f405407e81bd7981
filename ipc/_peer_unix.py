"""Tell who is at the other end of a Unix domain socket, by the kernel's word."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules

import _socket
from _socket import socket

from ipc._application import Peer

# A `struct ucred` by SO_PEERCRED; else a `struct xucred` by LOCAL_PEERCRED, with SOL_LOCAL.  The
# user is at the same place in both.
_UCRED: int | None = getattr(_socket, "SO_PEERCRED", None)
_LEVEL = 0 if _UCRED is None else _socket.SOL_SOCKET
_OPTION = 1 if _UCRED is None else _UCRED
_SIZE = 76 if _UCRED is None else 12
_GROUP = 12 if _UCRED is None else 8


def user_of(stream: socket) -> bytes:
    """Return the user at the other end as the kernel writes it: to be compared, not decoded."""
    return stream.getsockopt(_LEVEL, _OPTION, _SIZE)[4:8]


def peer_of(stream: socket) -> Peer:
    """Return the user and the group at the other end."""
    credentials = stream.getsockopt(_LEVEL, _OPTION, _SIZE)
    return Peer(
        int.from_bytes(credentials[4:8], sys.byteorder),
        int.from_bytes(credentials[_GROUP : _GROUP + 4], sys.byteorder),
    )
