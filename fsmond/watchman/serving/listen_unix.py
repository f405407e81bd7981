"""A Unix socket that clients connect to."""

import sys

assert sys.platform != "win32"

import contextlib
import logging
import os
import select
import signal
import socket
import struct
import time
from typing import BinaryIO, cast

from fsmond.watchman.errors import CommandError

_SEND_TIMEOUT = 60  # seconds after which a client that does not read is given up
_PAUSE = 0.1  # seconds until a client is accepted that could not be
_CHECK = 30.0  # seconds between two looks whether the socket is still there
_MODE = 0o177  # of a umask: nobody else may connect
_BACKLOG = 128


_log = logging.getLogger(__name__)


class Channel:
    """One client's socket."""

    def __init__(self, client: socket.socket) -> None:
        self._socket = client
        timeout = struct.pack("@ll", _SEND_TIMEOUT, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    def recv(self, size: int, /) -> bytes:
        """See Channel in connection."""
        return self._socket.recv(size)

    def sendall(self, data: bytes, /) -> None:
        """See Channel in connection."""
        self._socket.sendall(data)

    def end(self) -> None:
        """See Channel in connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket, when no thread uses it."""
        self._socket.close()


class Listener:
    """Claims a path; `accept` is called by one thread, `stop` by any."""

    def __init__(self, path: str) -> None:
        """Raise CommandError if another server is there, OSError if it cannot be claimed."""
        if is_listening(path):
            raise CommandError(f"a server is listening at {path} already")
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wakeup, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._is_closed = False
        self._is_woken_by_signals = False
        try:
            self._claim()
        except OSError as error:
            self._free()
            raise CommandError(f"cannot listen at {path}: {error}") from error
        self._identity = _identity(path)

    def accept(self) -> Channel | None:
        """Return the next client; None after `stop`, or when the socket's file is gone."""
        while True:
            waiting: list[socket.socket | int] = [self._socket, self._wakeup]
            ready, _, _ = select.select(waiting, [], [], _CHECK)
            if self._wakeup in ready or _identity(self._path) != self._identity:
                return None
            try:
                client, _ = self._socket.accept()
            except (BlockingIOError, ConnectionError):
                continue
            except OSError as error:  # there are no more descriptors, for example
                _log.warning("a client has to wait: %s", error)
                time.sleep(_PAUSE)
                continue
            client.setblocking(True)
            return Channel(client)

    def stop(self) -> None:
        """Have `accept` return None."""
        if not self._is_closed:
            with contextlib.suppress(BlockingIOError):  # it was woken often enough
                os.write(self._waker, b"\0")

    def stop_on_signals(self) -> None:
        """Have a signal that is handled do what `stop` does; to be called on the main thread.

        A handler itself runs on the main thread only, and after what that does now: if the signal
        came to another thread, or right before `accept` began to wait, that would be too late.
        """
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._is_woken_by_signals = True

    def close(self) -> None:
        """Free the path."""
        if self._is_woken_by_signals:
            signal.set_wakeup_fd(-1)
        if _identity(self._path) == self._identity:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self._free()

    def _claim(self) -> None:
        """Listen at the path, in the place of a socket that nobody listens at; raise OSError."""
        new = f"{self._path}.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        umask = os.umask(_MODE)
        try:
            self._socket.bind(new)
        finally:
            os.umask(umask)
        self._socket.listen(_BACKLOG)
        self._socket.setblocking(False)
        os.rename(new, self._path)  # who finds it can connect

    def _free(self) -> None:
        self._is_closed = True  # before another file gets the numbers
        self._socket.close()
        os.close(self._wakeup)
        os.close(self._waker)


def connect(path: str, timeout: float) -> socket.socket:
    """Connect to a server; raise OSError."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    try:
        client.connect(path)
    except OSError:
        client.close()
        raise
    return client


def as_file(client: socket.socket, timeout: float | None) -> BinaryIO:
    """Return a file to read and write; the end of the connection ends it.

    `timeout`: seconds, after which its methods raise TimeoutError; None: never.
    """
    client.settimeout(timeout)
    return cast("BinaryIO", client.makefile("rwb"))


def is_listening(path: str) -> bool:
    """Return whether a server is there."""
    try:
        connect(path, 1.0).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
