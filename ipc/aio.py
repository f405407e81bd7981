"""The client for asyncio."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from ipc.client import MAX_ANSWER, Backoff, ConnectOptions, Stream, as_bytes, open_stream
from ipc.errors import Error, HungUpError, TimedOutError, translated
from ipc.message import append
from ipc.pktline import FLUSH, MAX_DATA, Decoder, batches, framed

if sys.platform == "win32":
    from asyncio.windows_utils import PipeHandle

if TYPE_CHECKING:
    from ipc._application import Data
    from ipc.client import Connection as BlockingConnection
    from ipc.client import Path

__all__ = ["Connection", "adopt", "connect", "send_command", "stream_command"]


class Connection:
    """One exchange with a server: it answers one request and then closes the connection."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    async def send_command(
        self,
        message: "Data | Iterable[Data]",
        timeout: float | None = None,
        *,
        limit: int = MAX_ANSWER,
    ) -> bytes:
        """Return the whole answer; raise TimedOutError if the exchange takes longer than `timeout`.

        Raise ProtocolError, and stop receiving, if the answer is longer than `limit` bytes.
        """
        answer = BytesIO()
        async for piece in self.stream_command(message, timeout):
            append(answer, piece, limit)
        return answer.getvalue()

    async def stream_command(
        self, message: "Data | Iterable[Data]", timeout: float | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the answer as it arrives; the timeout is for the whole exchange."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout_at(deadline):
                await self._send(message)
            decoder = Decoder()
            while not decoder.finished:
                async with asyncio.timeout_at(deadline):
                    data = await loop.sock_recv(self._stream, decoder.receive_size)
                if not data:
                    break
                for piece in decoder.feed(data):
                    yield piece
        except TimeoutError as error:
            raise TimedOutError("the exchange was not complete within its timeout") from error
        except OSError as error:
            raise translated(error) from error
        if not decoder.finished:
            raise HungUpError("the server closed the connection before its answer was complete")

    def close(self) -> None:
        """Close the connection.  Harmless when repeated."""
        self._stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _send(self, message: "Data | Iterable[Data]") -> None:
        loop = asyncio.get_running_loop()
        if isinstance(message, bytes) and len(message) <= MAX_DATA:
            await loop.sock_sendall(self._stream, framed(message))
            return
        pieces = (message,) if isinstance(message, bytes | bytearray | memoryview) else message
        for piece in pieces:
            for buffers in batches(memoryview(piece).cast("B")):
                for buffer in buffers:
                    await loop.sock_sendall(self._stream, buffer)
        await loop.sock_sendall(self._stream, FLUSH)


async def connect(path: "Path", options: ConnectOptions | None = None) -> Connection:
    """Return a connection, or raise the reason why there is none."""
    options = options or ConnectOptions()
    name = as_bytes(path)
    backoff = None
    while True:
        try:
            return Connection(_for_asyncio(open_stream(name, options.uds_disallow_chdir)))
        except Error as error:
            backoff = backoff or Backoff(options)
            await asyncio.sleep(backoff.delay_after(error))


def adopt(connection: "BlockingConnection") -> Connection:
    """Take over a connection, made by `ipc.connect`, that has not been used."""
    return Connection(_for_asyncio(connection.detach()))


def _for_asyncio(stream: Stream) -> socket.socket:
    """Return a non-blocking object for the loop's `sock_` methods."""
    if sys.platform == "win32":
        if not isinstance(asyncio.get_running_loop(), asyncio.ProactorEventLoop):
            stream.close()
            raise RuntimeError("a pipe requires asyncio's ProactorEventLoop, which is the default")
        # The proactor's methods use only `fileno`, as for its own pipes.
        return cast("socket.socket", PipeHandle(stream.detach()))
    connection = socket.socket(fileno=stream.detach())
    connection.setblocking(False)
    return connection


async def send_command(
    path: "Path",
    message: "Data | Iterable[Data]",
    options: ConnectOptions | None = None,
    timeout: float | None = None,
    *,
    limit: int = MAX_ANSWER,
) -> bytes:
    """Connect, send one message, and return the whole answer of at most `limit` bytes."""
    async with await connect(path, options) as connection:
        return await connection.send_command(message, timeout, limit=limit)


async def stream_command(
    path: "Path",
    message: "Data | Iterable[Data]",
    options: ConnectOptions | None = None,
    timeout: float | None = None,
) -> AsyncIterator[bytes]:
    """Connect, send one message, and yield the answer as it arrives."""
    async with await connect(path, options) as connection:
        async for piece in connection.stream_command(message, timeout):
            yield piece
