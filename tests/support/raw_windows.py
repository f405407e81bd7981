"""Raw connections over named pipes, on which a test can send any bytes."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from ipc._address_windows import pipe_name
from ipc._connect_windows import Stream, open_stream
from ipc.errors import TimedOutError

_LIMIT = 10.0  # seconds
_NUMBERS = itertools.count()


class Raw(Stream):
    """One end of a pipe."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> int:
        """Send all data; return its length."""
        return self.sendmsg([data])


def connected(path: Path) -> Raw:
    """Return the client's end of a connection; wait while no instance is free."""
    deadline = time.monotonic() + _LIMIT
    while True:
        try:
            return Raw(open_stream(os.fsencode(path), False).detach())
        except TimedOutError:
            if time.monotonic() > deadline:
                raise


def pair() -> tuple[Raw, Raw]:
    """Return both ends of a connection."""
    path = Path(f"pair-{os.getpid()}-{next(_NUMBERS)}")
    listener = Listener(path)
    client = connected(path)
    return client, listener.accept()


def is_disconnected(stream: Raw) -> bool:
    """Return whether the peer has closed the connection without sending a byte."""
    try:
        _winapi.PeekNamedPipe(stream.fileno(), 0)
    except OSError:
        return True
    return False


class Listener:
    """Waits at a path for one client."""

    def __init__(self, path: Path) -> None:
        self._handle: int | None = _winapi.CreateNamedPipe(
            pipe_name(os.fsencode(path)),
            _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED,
            0,
            1,
            65536,
            65536,
            0,
            _winapi.NULL,
        )
        self._arrival = _winapi.ConnectNamedPipe(self._handle, overlapped=True)

    def accept(self) -> Raw:
        """Return the server's end of the connection."""
        assert self._handle is not None
        self._arrival.GetOverlappedResult(True)
        stream, self._handle = Raw(self._handle), None
        return stream

    def close(self) -> None:
        """Stop listening."""
        if self._handle is not None:
            _winapi.CloseHandle(self._handle)


def leave_dead_socket(path: Path) -> None:
    """Do nothing: a killed server leaves nothing behind."""


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Run a server without a free instance at a path."""
    listener = Listener(path)
    with connected(path), listener.accept():
        yield
