"""Send and receive whole messages over a connected stream, in bounded time and memory."""

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING

from ipc.errors import HungUpError, ProtocolError, TimedOutError, translated
from ipc.pktline import FLUSH, Buffers, Decoder, batches

if TYPE_CHECKING:
    from ipc.client import Data, Stream


def send_message(
    stream: "Stream", message: "Data | Iterable[Data]", deadline: float | None = None
) -> None:
    """Send a message, piece by piece as an iterable makes it; end it only if it is complete."""
    pieces = (message,) if isinstance(message, bytes | bytearray | memoryview) else message
    for piece in pieces:
        send_data(stream, piece, deadline)
    _send(stream, [FLUSH], deadline)


def send_data(stream: "Stream", data: "Data", deadline: float | None = None) -> None:
    """Send a part of a message; nothing at all if it is empty, which on the wire is an end."""
    for buffers in batches(memoryview(data).cast("B")):
        _send(stream, buffers, deadline)


def receive_message(
    stream: "Stream",
    deadline: float | None = None,
    begun: bytes = b"",
    *,
    limit: int = sys.maxsize,
) -> bytes:
    """Return a whole message of at most `limit` bytes, of which `begun` was received before."""
    message = BytesIO()  # unlike a list to be joined, it holds everything once
    for piece in received(stream, deadline, begun):
        append(message, piece, limit)
    return message.getvalue()


def append(message: BytesIO, piece: bytes, limit: int) -> None:
    """Add a piece; raise ProtocolError if the whole has more than `limit` bytes then."""
    message.write(piece)
    if message.tell() > limit:
        raise ProtocolError(f"the answer is larger than the {limit} bytes that were expected")


def received(
    stream: "Stream", deadline: float | None = None, begun: bytes = b""
) -> Iterator[bytes]:
    """Yield the data of a message as it arrives, never keeping more than one chunk of it."""
    decoder = Decoder()
    yield from decoder.feed(begun)
    while not decoder.finished:
        try:
            if deadline is not None:
                _limit(stream, deadline)
            data = stream.recv(decoder.wants)
        except OSError as error:
            raise translated(error) from error
        if not data:
            raise HungUpError(
                "the peer hung up before its message was complete: it is stopping,"
                " does not let this user in, or found the message too large"
            )
        yield from decoder.feed(data)


def _send(stream: "Stream", buffers: Buffers, deadline: float | None) -> None:
    try:
        while buffers:
            if deadline is not None:
                _limit(stream, deadline)
            sent = stream.sendmsg(buffers)  # type: ignore[attr-defined, unused-ignore]  # Windows
            buffers = unsent(buffers, sent)
    except OSError as error:
        raise translated(error) from error


def unsent(buffers: Buffers, count: int) -> Buffers:
    """Return what is left of the buffers when the first `count` bytes have gone out."""
    for index, buffer in enumerate(buffers):
        if count < len(buffer):
            return [memoryview(buffer)[count:], *buffers[index + 1 :]]
        count -= len(buffer)
    return []


def _limit(stream: "Stream", deadline: float) -> None:
    left = deadline - monotonic()
    if left <= 0:
        raise TimedOutError("the exchange was not complete within its timeout")
    stream.settimeout(left)
