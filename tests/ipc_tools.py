"""What several tests of `ipc` need: raw clients, faulty streams, and patience."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import ipc
from ipc.pktline import framed

Reply = Callable[[bytes | bytearray | memoryview], None]
Ends = tuple[socket.socket, socket.socket]

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


def raw_client(path: Path, begun: bytes = b"") -> socket.socket:
    """Return a connection that has sent some bytes, whatever they are."""
    if sys.platform == "win32":
        raise NotImplementedError("there are no sockets in the file system")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(LIMIT)
    stream.connect(str(path))
    stream.sendall(begun)
    return stream


def all_of(stream: socket.socket) -> bytes:
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
            stream.shutdown(socket.SHUT_WR)
        return all_of(stream)


@contextmanager
def many(path: Path, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
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

    def __init__(
        self, stream: socket.socket, *, cut_after: int | None = None, dribble: bool = False
    ) -> None:
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


def faulty(
    stream: socket.socket, *, cut_after: int | None = None, dribble: bool = False
) -> socket.socket:
    """Return a `FaultyStream`, to be used like the socket in it."""
    return cast("socket.socket", FaultyStream(stream, cut_after=cut_after, dribble=dribble))


@contextmanager
def peer(behave: Callable[[socket.socket], None], path: Path) -> Iterator[None]:
    """Serve one connection at `path` in any way, however wrong."""
    if sys.platform == "win32":
        raise NotImplementedError("there are no sockets in the file system")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            stream, _ = listening.accept()
            with stream:
                stream.settimeout(LIMIT)
                behave(stream)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            path.unlink()


HELLO = framed(b"hello")
