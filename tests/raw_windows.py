"""Connections over named pipes, on which a test may send and receive what it likes."""
# ruff: noqa: E402  # the type checker has to know first

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
        """Send it; return how much that was."""
        return self.sendmsg([data])


def connected(path: Path) -> Raw:
    """Return a client's end; where many come at once, there may be none for a moment."""
    deadline = time.monotonic() + _LIMIT
    while True:
        try:
            return Raw(open_stream(os.fsencode(path), False).detach())
        except TimedOutError:
            if time.monotonic() > deadline:
                raise


def pair() -> tuple[Raw, Raw]:
    """Return two ends of one connection."""
    path = Path(f"pair-{os.getpid()}-{next(_NUMBERS)}")
    door = Door(path)
    client = connected(path)
    return client, door.accept()


def has_hung_up(stream: Raw) -> bool:
    """Say whether the peer of one that was sent nothing has hung up."""
    try:
        _winapi.PeekNamedPipe(stream.fileno(), 0)
    except OSError:
        return True
    return False


class Door:
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
        """Return the server's end of its connection."""
        assert self._handle is not None
        self._arrival.GetOverlappedResult(True)
        stream, self._handle = Raw(self._handle), None
        return stream

    def close(self) -> None:
        """Be gone."""
        if self._handle is not None:
            _winapi.CloseHandle(self._handle)


def leave_dead(path: Path) -> None:
    """Leave behind what a server leaves that was killed: nothing."""


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Have a server at a path that takes no clients."""
    door = Door(path)
    with connected(path), door.accept():
        yield
