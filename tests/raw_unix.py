"""Connections over Unix domain sockets, on which a test may send and receive what it likes."""
# ruff: noqa: E402  # the type checker has to know first

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
    """Return a client's end."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as short:
        stream.connect(short)
    return stream


def bound(path: Path) -> Raw:
    """Return a socket at a path, at which nobody listens yet."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as short:
        stream.bind(short)
    return stream


@contextmanager
def _short(path: Path) -> Iterator[bytes]:
    """Give a name that the kernel takes; the folders for temporary files may have a long one."""
    with address(os.fsencode(path), False) as short:
        yield short


def pair() -> tuple[Raw, Raw]:
    """Return two ends of one connection."""
    return socket.socketpair()


def has_hung_up(stream: Raw) -> bool:
    """Say whether the peer of one that was sent nothing has hung up."""
    stream.setblocking(False)
    try:
        return stream.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


class Door:
    """Waits at a path for one client."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listening = bound(path)
        self._listening.listen()

    def accept(self) -> Raw:
        """Return the server's end of its connection."""
        return self._listening.accept()[0]

    def close(self) -> None:
        """Be gone."""
        self._listening.close()
        self._path.unlink()


def leave_dead(path: Path) -> None:
    """Leave behind what a server leaves that was killed."""
    bound(path).close()


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Have a server at a path that takes no clients."""
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
