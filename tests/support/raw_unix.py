"""Raw connections over Unix domain sockets, on which a test can send any bytes."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipc._address_unix import address

Raw = socket.socket


def connected(path: Path) -> Raw:
    """Return the client's end of a connection."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as short:
        stream.connect(short)
    return stream


def bound(path: Path) -> Raw:
    """Return a socket that is bound to a path but does not listen."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as short:
        stream.bind(short)
    return stream


@contextmanager
def _short(path: Path) -> Iterator[bytes]:
    """Yield an address that the kernel accepts; temporary folders may have long paths."""
    with address(os.fsencode(path), False) as short:
        yield short


def pair() -> tuple[Raw, Raw]:
    """Return both ends of a connection."""
    return socket.socketpair()


def is_disconnected(stream: Raw) -> bool:
    """Return whether the peer has closed the connection without sending a byte."""
    stream.setblocking(False)
    try:
        return stream.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


class Listener:
    """Waits at a path for one client."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listening = bound(path)
        self._listening.listen()

    def accept(self) -> Raw:
        """Return the server's end of the connection."""
        return self._listening.accept()[0]

    def close(self) -> None:
        """Stop listening, and remove the socket."""
        self._listening.close()
        self._path.unlink()


def leave_dead_socket(path: Path) -> None:
    """Create the socket that a killed server leaves behind."""
    bound(path).close()


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Run a server with a full backlog at a path."""
    waiting = []
    with bound(path) as listening, _short(path) as short:
        listening.listen(0)
        try:
            while True:
                stream = socket.socket(socket.AF_UNIX)
                waiting.append(stream)
                stream.setblocking(False)
                try:
                    stream.connect(short)
                except BlockingIOError:
                    break
            yield
        finally:
            for stream in waiting:
                stream.close()
