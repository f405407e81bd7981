"""Encode and decode messages as Git's pkt-lines, without I/O.

A packet is its length as four hexadecimal digits, which counts these four bytes too, and its data.
A message is any number of packets and an end packet, usually `0000`.  `0001`, `0002` and an empty
packet, `0004`, also end a message, as in Git.  The boundaries of packets have no meaning.
"""

from ipc.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeVar

    Bytes = TypeVar("Bytes", bytes, memoryview)

Buffers = list[bytes | bytearray | memoryview]

FLUSH = b"0000"
MAX_DATA = 65516  # bytes of data in one packet; Git's own limit
BATCH = 16  # packets in one system call: 1 MiB, and far below IOV_MAX

_DIGITS = 4
_FULL = b"%04x" % (MAX_DATA + _DIGITS)
_CHUNK = 65536  # bytes; for more than that Python maps and unmaps memory each time
_LONG = 16384  # bytes; copying the data of a longer packet costs more than a system call
_INVALID_SIZE = 3  # shorter than its own digits, and without a special meaning
_HEX = frozenset(b"0123456789abcdefABCDEF")


def packet_size(digits: bytes) -> int:
    """Return the length of the packet that begins with these digits, or 0 for an end packet."""
    if digits == _FULL:
        return MAX_DATA + _DIGITS
    # int() alone would also accept "+1af", "0x1f" and "1_00".
    if not _HEX.issuperset(digits):
        raise ProtocolError(f"packet length {_printable(digits)} is not four hexadecimal digits")
    size = int(digits, 16)
    if size == _INVALID_SIZE or size > MAX_DATA + _DIGITS:
        raise ProtocolError(
            f"packet length {_printable(digits)} is not valid:"
            f" expected 0000 to 0002, or 0004 to {_printable(_FULL)}"
        )
    return size if size > _DIGITS else 0


def _printable(data: bytes) -> str:
    return ascii(data.decode("latin-1"))


def framed(data: bytes) -> bytes:
    """Return the encoded message; `data` is at most `MAX_DATA` bytes."""
    if not data:
        return FLUSH
    return b"%04x%b0000" % (len(data) + _DIGITS, data)


def batches(data: memoryview) -> "Iterator[Buffers]":
    """Split data of any length into packets; yield lists of buffers to send without a copy."""
    for start in range(0, len(data), BATCH * MAX_DATA):
        buffers: Buffers = []
        for at in range(start, min(start + BATCH * MAX_DATA, len(data)), MAX_DATA):
            piece = data[at : at + MAX_DATA]
            size = len(piece) + _DIGITS
            buffers += (_FULL if size > MAX_DATA else b"%04x" % size, piece)
        yield buffers


def decode_single(data: bytes) -> bytes | None:
    """Return the message at the start of `data` if it is one packet and an end packet, else None.

    This is a fast path: nearly every message has this form and needs no decoder.
    """
    if data[-_DIGITS:] == FLUSH and data[:_DIGITS] == b"%04x" % (len(data) - _DIGITS):
        return data[_DIGITS:-_DIGITS]  # the usual case: nothing follows, and lower case digits
    if len(data) < _DIGITS:
        return None
    size = packet_size(data[:_DIGITS])
    if not size:
        return b""
    end = data[size : size + _DIGITS]
    if len(end) < _DIGITS or packet_size(end):
        return None
    return data[_DIGITS:size]


class Decoder:
    """Decodes one message from received bytes, however these are split.

    It buffers at most three bytes, and reads each byte once.
    """

    __slots__ = ("_digits", "_one_at_a_time", "_remaining", "finished")

    def __init__(self) -> None:
        self._digits = b""  # the first digits of a length, until all have arrived
        self._remaining = 0  # bytes of data still to come in this packet
        self._one_at_a_time = 0  # how many more packets to receive one at a time
        self.finished = False

    @property
    def receive_size(self) -> int:
        """How many bytes to receive next, so that the data of a long packet arrives alone.

        `feed` then returns it without a copy.
        """
        if not self._one_at_a_time:
            return _CHUNK
        if self._remaining > _LONG:
            return self._remaining
        return self._remaining + _DIGITS - len(self._digits)

    def feed(self, data: "Bytes") -> "list[Bytes]":
        """Decode the next received bytes; return the data in them, as slices of the argument.

        Bytes after the end of the message are ignored.  After an error each call raises it again.
        """
        if self._remaining:
            if len(data) == self._remaining:  # as `receive_size` requested
                self._remaining = 0
                return [data]
        elif data == _FULL and not self._digits:
            self._remaining, self._one_at_a_time = MAX_DATA, 2
            return []
        return list(self.pieces(data))

    def pieces(self, data: "Bytes") -> "Iterator[Bytes]":
        """Decode the next received bytes; yield the data in them, one slice at a time.

        A list of all slices would take a hundred times the size of short packets.
        """
        at = 0
        while at < len(data) and not self.finished:
            if self._remaining:
                piece = data[at : at + self._remaining]
                self._remaining -= len(piece)
                at += len(piece)
                yield piece
            else:
                at += self._take_digits(bytes(data[at : at + _DIGITS - len(self._digits)]))

    def _take_digits(self, digits: bytes) -> int:
        self._digits += digits
        if len(self._digits) == _DIGITS:
            size = packet_size(self._digits)  # on an error the digits stay, so it is raised again
            self._digits = b""
            self._remaining = max(size - _DIGITS, 0)
            # One short packet after long ones is a remainder; two mean a message of short packets.
            self._one_at_a_time = 2 if size > _LONG else max(self._one_at_a_time - 1, 0)
            self.finished = not size
        return len(digits)
