"""Collect one client's request."""

import sys
from io import BytesIO

from ipc.errors import ProtocolError
from ipc.pktline import Decoder

_SHORTEST = 64  # bytes in a packet, on average, of the longest request: each costs a microsecond
_FEW = 100  # packets that may always be
CHUNK = 16384  # bytes taken at a time, so that a flood lets others have their turn


class Request:
    """What has arrived of a request so far."""

    __slots__ = ("_data", "_decoder", "_limit", "_pieces_left", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder = Decoder()
        self._data = BytesIO()  # unlike a bytearray, it need not be copied in the end
        self.size = 0  # bytes of memory that are kept
        self._pieces_left = _FEW + limit // _SHORTEST

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes as they arrived; return the request if they complete it."""
        for piece in self._decoder.pieces(memoryview(data)):
            self._data.write(piece)
            self._pieces_left -= 1
            if self._pieces_left < 0:
                raise ProtocolError(
                    f"a request comes in more than {_FEW + self._limit // _SHORTEST} pieces:"
                    " longer ones cost less"
                )
        self.size = sys.getsizeof(self._data)  # more than was written, as it grows in steps
        if self._data.tell() > self._limit:
            raise ProtocolError(f"a request is larger than max_request, {self._limit} bytes")
        return self._data.getvalue() if self._decoder.finished else None
