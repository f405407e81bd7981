"""Collect one client's request."""

from ipc.errors import ProtocolError
from ipc.pktline import Decoder

CHUNK = 65536  # bytes taken at a time, so that a flood lets others have their turn


class Request:
    """What has arrived of a request so far."""

    __slots__ = ("_data", "_decoder", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder = Decoder()
        self._data = bytearray()

    @property
    def size(self) -> int:
        """How much of it is kept in memory."""
        return len(self._data)

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes as they arrived; return the request if they complete it."""
        for piece in self._decoder.feed(memoryview(data)):
            self._data += piece
        if self.size > self._limit:
            raise ProtocolError(f"a request is larger than max_request, {self._limit} bytes")
        return bytes(self._data) if self._decoder.finished else None
