"""Ask a server, under asyncio."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from ipc.client import MAX_ANSWER, ConnectOptions, Patience, Stream, as_bytes, open_stream
from ipc.errors import Error, HungUpError, TimedOutError, translated
from ipc.message import append
from ipc.pktline import FLUSH, MAX_DATA, Decoder, batches, framed

if sys.platform == "win32":
    from asyncio.windows_utils import PipeHandle

if TYPE_CHECKING:
    from ipc.client import Data, Path

__all__ = ["Connection", "connect", "send_command", "stream_command"]


class Connection:
    """One exchange with a server: it answers a single request and then hangs up."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    async def send_command(
        self,
        message: "Data | Iterable[Data]",
        timeout: float | None = None,
        *,
        limit: int = MAX_ANSWER,
    ) -> bytes:
        """Return the whole answer, or raise TimedOutError after `timeout` seconds in all.

        An answer of more than `limit` bytes is a ProtocolError, and no more of it is received.
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
                    data = await loop.sock_recv(self._stream, decoder.wants)
                if not data:
                    break
                for piece in decoder.feed(data):
                    yield piece
        except TimeoutError as error:
            raise TimedOutError("the exchange was not complete within its timeout") from error
        except OSError as error:
            raise translated(error) from error
        if not decoder.finished:
            raise HungUpError("the server hung up before its answer was complete")

    def close(self) -> None:
        """Hang up.  Harmless when repeated."""
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
    """Return a connection, or raise what keeps us from having one."""
    options = options or ConnectOptions()
    name = as_bytes(path)
    patience = None
    while True:
        try:
            return Connection(_for_asyncio(open_stream(name, options.uds_disallow_chdir)))
        except Error as error:
            patience = patience or Patience(options)
            await asyncio.sleep(patience.nap(error))


def _for_asyncio(stream: Stream) -> socket.socket:
    """Return what the loop's `sock_` methods take."""
    if sys.platform == "win32":
        if not isinstance(asyncio.get_running_loop(), asyncio.ProactorEventLoop):
            stream.close()
            raise RuntimeError("a pipe needs asyncio's ProactorEventLoop, which is the usual one")
        # Those of the proactor only ask for its `fileno`, as those for its own pipes do.
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
    """Connect, ask, return the whole answer of at most `limit` bytes, hang up."""
    async with await connect(path, options) as connection:
        return await connection.send_command(message, timeout, limit=limit)


async def stream_command(
    path: "Path",
    message: "Data | Iterable[Data]",
    options: ConnectOptions | None = None,
    timeout: float | None = None,
) -> AsyncIterator[bytes]:
    """Connect, ask, yield the answer as it arrives, hang up."""
    async with await connect(path, options) as connection:
        async for piece in connection.stream_command(message, timeout):
            yield piece
