"""Collect one client's request without ever waiting for it."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


from _socket import MSG_DONTWAIT, socket

from ipc.errors import HungUpError, ProtocolError
from ipc.pktline import Decoder

CHUNK = 65536  # bytes taken at a time, so that a flood lets others have their turn


class Request:
    """What has arrived of a request so far."""

    __slots__ = ("_data", "_decoder", "_limit", "stream")

    def __init__(self, stream: socket, limit: int) -> None:
        self.stream = stream
        self._limit = limit
        self._decoder = Decoder()
        self._data = bytearray()

    @property
    def size(self) -> int:
        """How much of it is kept in memory."""
        return len(self._data)

    def read(self) -> bytes | None:
        """Take what is there, up to a chunk; return the request if that completes it."""
        try:
            data = self.stream.recv(CHUNK, MSG_DONTWAIT)
        except BlockingIOError:
            return None
        if not data:
            raise HungUpError("the client left within its request")
        return self.feed(data)

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes that were received before."""
        for piece in self._decoder.feed(memoryview(data)):
            self._data += piece
        if self.size > self._limit:
            raise ProtocolError(f"a request is larger than max_request, {self._limit} bytes")
        return bytes(self._data) if self._decoder.finished else None
