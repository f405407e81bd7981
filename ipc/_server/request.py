"""Collect the bytes of one request."""

import sys
from io import BytesIO

from ipc.errors import ProtocolError
from ipc.pktline import Decoder

_MIN_AVERAGE = 64  # bytes of a packet on average in the longest request: each costs a microsecond
_MIN_PIECES = 100  # packets that are allowed in any request
CHUNK = 16384  # bytes received at a time, so that a flood does not delay other clients


class Request:
    """The part of a request that has arrived."""

    __slots__ = ("_data", "_decoder", "_limit", "_pieces_left", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder = Decoder()
        self._data = BytesIO()  # unlike a bytearray, it need not be copied at the end
        self.size = 0  # bytes of memory in use
        self._pieces_left = _MIN_PIECES + limit // _MIN_AVERAGE

    def feed(self, data: bytes) -> bytes | None:
        """Add bytes that have arrived; return the request if it is complete."""
        for piece in self._decoder.pieces(memoryview(data)):
            self._data.write(piece)
            self._pieces_left -= 1
            if self._pieces_left < 0:
                raise ProtocolError(
                    f"a request has more than {_MIN_PIECES + self._limit // _MIN_AVERAGE} pieces:"
                    " send fewer and longer ones"
                )
        self.size = sys.getsizeof(self._data)  # more than was written, because it grows in steps
        if self._data.tell() > self._limit:
            raise ProtocolError(f"a request is larger than max_request, {self._limit} bytes")
        return self._data.getvalue() if self._decoder.finished else None
