"""What several tests of `ipc` need: raw clients, faulty streams, and patience."""

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
    from raw_windows import Door, Raw, busy, connected, has_hung_up, leave_dead, pair
else:
    from raw_unix import Door, Raw, busy, connected, has_hung_up, leave_dead, pair

__all__ = [
    "HELLO",
    "Raw",
    "busy",
    "has_hung_up",
    "leave_dead",
    "pair",
]

Reply = Callable[[bytes | bytearray | memoryview], None]
Ends = tuple[Raw, Raw]

ROOT = Path(ipc.__file__).parents[1]
LIMIT = 10.0  # seconds until a test gives up hope


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


def raw_client(path: Path, begun: bytes = b"") -> Raw:
    """Return a connection that has sent some bytes, whatever they are."""
    stream = connected(path)
    stream.settimeout(LIMIT)
    try:
        stream.sendall(begun)
    except OSError:  # it was hung up on before it had sent all
        stream.close()
        raise
    return stream


def all_of(stream: Raw) -> bytes:
    """Return what is received until the peer hangs up, gently or not."""
    received = b""
    try:
        while data := stream.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def exchange(path: Path, sent: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes as they are; return what comes back."""
    with raw_client(path, sent) as stream:
        if half_close:
            if sys.platform == "win32":
                pytest.skip("a pipe can't be closed in one direction")
            stream.shutdown(socket.SHUT_WR)
        return all_of(stream)


@contextmanager
def many(path: Path, count: int, sent: bytes) -> Iterator[list[Raw]]:
    """Connect many clients that all send the same."""
    with ExitStack() as stack:
        yield [stack.enter_context(raw_client(path, sent)) for _ in range(count)]


def script(code: str, *arguments: object, said_first: bool = True) -> subprocess.Popen[str]:
    """Start a program, and return when it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if said_first:
        said(process)
    return process


def said(process: subprocess.Popen[str]) -> str:
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
        """Send a part, pretend it was all when nothing more may go out."""
        data = b"".join(buffers)
        if self._dribble:
            return self._stream.send(data[:1])
        if self._left is not None:
            self._stream.sendall(data[: self._left])
            self._left = max(self._left - len(data), 0)
        return len(data)


def faulty(stream: Raw, *, cut_after: int | None = None, dribble: bool = False) -> Raw:
    """Return a `FaultyStream`, to be used like the socket in it."""
    return cast("Raw", FaultyStream(stream, cut_after=cut_after, dribble=dribble))


@contextmanager
def peer(behave: Callable[[Raw], None], path: Path) -> Iterator[None]:
    """Serve one connection at `path` in any way, however wrong."""
    door = Door(path)

    def serve() -> None:
        with door.accept() as stream:
            stream.settimeout(LIMIT)
            # The client may have given up before this thread had its turn.
            with suppress(ConnectionError):
                behave(stream)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        door.close()


HELLO = framed(b"hello")
