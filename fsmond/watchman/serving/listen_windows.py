"""A named pipe that clients connect to."""

import sys

assert sys.platform == "win32"

import contextlib
import io
from multiprocessing.connection import (  # type: ignore[attr-defined]  # typeshed lacks them
    PipeClient,
    PipeConnection,
    PipeListener,
)
from typing import Any, BinaryIO, cast

import win32pipe

from fsmond.watchman.errors import CommandError

_ERRORS = (EOFError, BrokenPipeError)


class Channel:
    """One end of a connection by a pipe."""

    def __init__(self, connection: PipeConnection) -> None:
        self._connection = connection
        self._rest = b""

    def recv(self, size: int, /) -> bytes:
        """See Channel in connection."""
        if not self._rest:
            try:
                self._rest = self._connection.recv_bytes()
            except _ERRORS:
                return b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def sendall(self, data: bytes, /) -> None:
        """See Channel in connection."""
        self._connection.send_bytes(data)

    def end(self) -> None:
        """See Channel in connection."""
        with contextlib.suppress(OSError, win32pipe.error):
            win32pipe.DisconnectNamedPipe(self._connection.fileno())

    def close(self) -> None:
        """Free the pipe, when no thread uses it."""
        self._connection.close()


class Listener:
    """Claims the name of a pipe; `accept` is called by one thread, `stop` by any."""

    def __init__(self, path: str) -> None:
        """Raise CommandError if another server is there."""
        self._path = path
        self._is_stopped = False
        try:
            self._listener = PipeListener(path)
        except OSError as error:
            raise CommandError(f"a server is listening at {path} already: {error}") from error

    def accept(self) -> Channel | None:
        """Return the next client; None after `stop`."""
        while not self._is_stopped:
            with contextlib.suppress(OSError, EOFError):
                found = Channel(self._listener.accept())
                if not self._is_stopped:
                    return found
                found.close()
        return None

    def stop(self) -> None:
        """Have `accept` return None, by connecting to it."""
        self._is_stopped = True
        with contextlib.suppress(OSError):
            PipeClient(self._path).close()

    def stop_on_signals(self) -> None:
        """Do nothing: there a server is stopped by a client, or killed."""

    def close(self) -> None:
        """Free the name."""
        self._listener.close()


def connect(path: str, timeout: float) -> Channel:  # noqa: ARG001 - as on Unix
    """Connect to a server; raise OSError."""
    return Channel(PipeClient(path))


class _Raw(io.RawIOBase):
    """Reads and writes a channel as a file."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._channel.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        self._channel.sendall(bytes(data))
        return len(data)


def as_file(channel: Channel, timeout: float | None) -> BinaryIO:  # noqa: ARG001 - as on Unix
    """Return a file to read and write; the end of the connection ends it."""
    raw = _Raw(channel)
    return cast("BinaryIO", io.BufferedRWPair(raw, raw))


def is_listening(path: str) -> bool:
    """Return whether a server is there."""
    try:
        PipeClient(path).close()
    except OSError:
        return False
    return True
