"""Collect the bytes of one request."""

import sys
from io import BytesIO

from ipc.errors import ProtocolError
from ipc.pktline import Decoder

_MIN_AVERAGE = 64  # bytes of a packet on average in the longest request: each costs a microsecond
_MIN_PIECES = 100  # packets that are allowed in any request
CHUNK = 16384  # bytes received at a time, so that a flood does not delay other clients
_BLOCK = 65536  # bytes from which a block is full


class Request:
    """The part of a request that has arrived.

    It is collected in blocks of about the same size, so that the allocator can give the blocks of
    one client to the next.  Buffers that grow to any size leave holes: those of 64 clients that
    were disconnected, 32 MiB together, made glibc hold 100 to 180 MiB.
    """

    __slots__ = ("_block", "_blocks", "_decoder", "_full", "_limit", "_pieces_left", "size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder = Decoder()
        self._block = BytesIO()  # unlike a bytearray, it need not be copied at the end
        self._blocks: list[bytes] = []  # those that are full
        self._full = 0  # bytes in them
        self.size = 0  # bytes of memory in use
        self._pieces_left = _MIN_PIECES + limit // _MIN_AVERAGE

    def feed(self, data: bytes) -> bytes | None:
        """Add bytes that have arrived; return the request if it is complete."""
        for piece in self._decoder.pieces(memoryview(data)):
            self._block.write(piece)
            self._pieces_left -= 1
            if self._pieces_left < 0:
                raise ProtocolError(
                    f"a request has more than {_MIN_PIECES + self._limit // _MIN_AVERAGE} pieces:"
                    " send fewer and longer ones"
                )
        length = self._full + self._block.tell()
        if length > self._limit:
            raise ProtocolError(f"a request is larger than max_request, {self._limit} bytes")
        if self._decoder.finished:
            self.size = length
            last = self._block.getvalue()
            return b"".join((*self._blocks, last)) if self._blocks else last
        if self._block.tell() >= _BLOCK:
            self._blocks.append(self._block.getvalue())
            self._block = BytesIO()
            self._full = length
        # More than was written, because a block grows in steps.
        self.size = self._full + sys.getsizeof(self._block)
        return None
