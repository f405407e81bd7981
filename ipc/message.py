"""Send and receive whole messages over a connected stream, in bounded time and memory."""

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING

from ipc.errors import HungUpError, ProtocolError, TimedOutError, translated
from ipc.pktline import FLUSH, Buffers, Decoder, batches

if TYPE_CHECKING:
    from typing import Protocol

    from ipc._application import Data

    class Stream(Protocol):
        """A connection, blocking or with a timeout: a socket, or a named pipe on Windows."""

        def recv(self, size: int, /) -> bytes:
            """Return what has arrived; empty if the peer has closed the connection."""

        def sendmsg(self, buffers: Buffers, /) -> int:
            """Return how many bytes were sent."""

        def settimeout(self, seconds: float, /) -> None:
            """Make `recv` and `sendmsg` raise TimeoutError when they take longer."""


def send_message(
    stream: "Stream", message: "Data | Iterable[Data]", deadline: float | None = None
) -> None:
    """Send a message, or the pieces of an iterable as they come; end it only when complete."""
    pieces = (message,) if isinstance(message, bytes | bytearray | memoryview) else message
    for piece in pieces:
        send_data(stream, piece, deadline)
    _send(stream, [FLUSH], deadline)


def send_data(stream: "Stream", data: "Data", deadline: float | None = None) -> None:
    """Send a part of a message; nothing if it is empty, as an empty packet ends a message."""
    for buffers in batches(memoryview(data).cast("B")):
        _send(stream, buffers, deadline)


def receive_message(
    stream: "Stream",
    deadline: float | None = None,
    initial: bytes = b"",
    *,
    limit: int = sys.maxsize,
) -> bytes:
    """Return a whole message of at most `limit` bytes; its first bytes may be `initial`."""
    message = BytesIO()  # unlike a list that is joined, it never holds the data twice
    for piece in receive_pieces(stream, deadline, initial):
        append(message, piece, limit)
    return message.getvalue()


def append(message: BytesIO, piece: bytes, limit: int) -> None:
    """Append a piece; raise ProtocolError if the message is then longer than `limit` bytes."""
    message.write(piece)
    if message.tell() > limit:
        raise ProtocolError(f"the answer is larger than the {limit} bytes that were expected")


def receive_pieces(
    stream: "Stream", deadline: float | None = None, initial: bytes = b""
) -> Iterator[bytes]:
    """Yield the data of a message as it arrives; buffer one chunk at most."""
    decoder = Decoder()
    yield from decoder.feed(initial)
    while not decoder.finished:
        try:
            if deadline is not None:
                _set_timeout(stream, deadline)
            data = stream.recv(decoder.receive_size)
        except OSError as error:
            raise translated(error) from error
        if not data:
            raise HungUpError(
                "the peer closed the connection before its message was complete: it is stopping,"
                " does not allow this user, or rejected the message as too large"
            )
        yield from decoder.feed(data)


def _send(stream: "Stream", buffers: Buffers, deadline: float | None) -> None:
    try:
        while buffers:
            if deadline is not None:
                _set_timeout(stream, deadline)
            sent = stream.sendmsg(buffers)
            buffers = unsent(buffers, sent)
    except OSError as error:
        raise translated(error) from error


def unsent(buffers: Buffers, count: int) -> Buffers:
    """Return the rest of the buffers after their first `count` bytes."""
    for index, buffer in enumerate(buffers):
        if count < len(buffer):
            return [memoryview(buffer)[count:], *buffers[index + 1 :]]
        count -= len(buffer)
    return []


def _set_timeout(stream: "Stream", deadline: float) -> None:
    left = deadline - monotonic()
    if left <= 0:
        raise TimedOutError("the exchange was not complete within its timeout")
    stream.settimeout(left)
