"""Helpers for tests of `ipc`: raw clients, faulty streams, waits with a limit."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

import ipc
from ipc.pktline import framed

if sys.platform == "win32":
    from support.raw_windows import (
        Listener,
        Raw,
        busy,
        connected,
        is_disconnected,
        leave_dead_socket,
        pair,
    )
else:
    from support.raw_unix import (
        Listener,
        Raw,
        busy,
        connected,
        is_disconnected,
        leave_dead_socket,
        pair,
    )

__all__ = [
    "HELLO",
    "Raw",
    "busy",
    "is_disconnected",
    "leave_dead_socket",
    "pair",
]

Reply = Callable[[bytes | bytearray | memoryview], None]
Ends = tuple[Raw, Raw]

ROOT = Path(ipc.__file__).parents[1]
LIMIT = 10.0  # seconds until a test gives up


def echo(message: bytes, reply: Reply) -> object:
    """Answer with the request; stop when it is `quit`."""
    if message == b"quit":
        return ipc.QUIT
    reply(message)
    return None


def eventually(condition: Callable[[], object], limit: float = LIMIT) -> bool:
    """Return whether a condition becomes true in time."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def raw_client(path: Path, sent: bytes = b"") -> Raw:
    """Return a connection that has sent some bytes, valid or not."""
    stream = connected(path)
    stream.settimeout(LIMIT)
    try:
        stream.sendall(sent)
    except OSError:  # the server disconnected it before it had sent all
        stream.close()
        raise
    return stream


def receive_all(stream: Raw) -> bytes:
    """Return what is received until the peer closes or resets the connection."""
    received = b""
    try:
        while data := stream.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def exchange(path: Path, sent: bytes, *, half_close: bool = False) -> bytes:
    """Send raw bytes; return all bytes of the answer."""
    with raw_client(path, sent) as stream:
        if half_close:
            if sys.platform == "win32":
                pytest.skip("a pipe cannot be closed in one direction")
            stream.shutdown(socket.SHUT_WR)
        return receive_all(stream)


@contextmanager
def many(path: Path, count: int, sent: bytes) -> Iterator[list[Raw]]:
    """Connect many clients that all send the same bytes."""
    with ExitStack() as stack:
        yield [stack.enter_context(raw_client(path, sent)) for _ in range(count)]


def script(code: str, *arguments: object, wait_until_ready: bool = True) -> subprocess.Popen[str]:
    """Start a program; by default, wait for the line with which it reports that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if wait_until_ready:
        first_line(process)
    return process


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that a program prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def worker_count() -> int:
    """Return how many workers there are."""
    return sum(thread.name == "ipc-worker" for thread in threading.enumerate())


class FaultyStream:
    """A real socket that sends only some bytes, or one at a time."""

    def __init__(self, stream: Raw, *, cut_after: int | None = None, dribble: bool = False) -> None:
        self._stream = stream
        self._left = cut_after
        self._dribble = dribble

    def sendmsg(self, buffers: list[bytes]) -> int:
        """Send a part; report all as sent if no more may be sent."""
        data = b"".join(buffers)
        if self._dribble:
            return self._stream.send(data[:1])
        if self._left is not None:
            self._stream.sendall(data[: self._left])
            self._left = max(self._left - len(data), 0)
        return len(data)


def faulty(stream: Raw, *, cut_after: int | None = None, dribble: bool = False) -> Raw:
    """Return a `FaultyStream` with the type of its socket."""
    return cast("Raw", FaultyStream(stream, cut_after=cut_after, dribble=dribble))


@contextmanager
def peer(behavior: Callable[[Raw], None], path: Path) -> Iterator[None]:
    """Serve one connection at `path` with any behavior, right or wrong."""
    listener = Listener(path)

    def serve() -> None:
        with listener.accept() as stream:
            stream.settimeout(LIMIT)
            # Race: the client may have given up already.
            with suppress(ConnectionError):
                behavior(stream)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        listener.close()


HELLO = framed(b"hello")
