"""Frame messages as Git's pkt-lines, without any I/O.

A packet is four hexadecimal digits, its length with these four, and then data.  A message is any
number of packets and an end packet, `0000` as a rule; where one packet ends and the next begins
means nothing.  `0001`, `0002` and an empty packet, `0004`, end a message too, as they do in Git.
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
BATCH = 16  # packets handed to the kernel at a time: 1 MiB, and far below IOV_MAX

_DIGITS = 4
_FULL = b"%04x" % (MAX_DATA + _DIGITS)
_CHUNK = 65536  # bytes; more than that costs Python a mapping of memory each time
_LONG = 16384  # bytes from which copying a packet's data costs more than a system call
_NONSENSE = 3  # shorter than its own digits, and no sign for anything
_HEX = frozenset(b"0123456789abcdefABCDEF")


def packet_size(digits: bytes) -> int:
    """Return the length of the packet that begins so, or 0 where the message ends."""
    if digits == _FULL:
        return MAX_DATA + _DIGITS
    # int() alone would also accept "+1af", "0x1f" and "1_00".
    if not _HEX.issuperset(digits):
        raise ProtocolError(f"packet length {_shown(digits)} is not four hexadecimal digits")
    size = int(digits, 16)
    if size == _NONSENSE or size > MAX_DATA + _DIGITS:
        raise ProtocolError(
            f"packet length {_shown(digits)} is neither 0 to 2, nor 4, nor at most {_shown(_FULL)}"
        )
    return size if size > _DIGITS else 0


def _shown(data: bytes) -> str:
    return ascii(data.decode("latin-1"))


def framed(data: bytes) -> bytes:
    """Return a whole message of at most `MAX_DATA` bytes as it goes over the wire."""
    if not data:
        return FLUSH
    return b"%04x%b0000" % (len(data) + _DIGITS, data)


def batches(data: memoryview) -> "Iterator[Buffers]":
    """Cut data of any length into packets, as lists of buffers to send without copying them."""
    for start in range(0, len(data), BATCH * MAX_DATA):
        buffers: Buffers = []
        for at in range(start, min(start + BATCH * MAX_DATA, len(data)), MAX_DATA):
            piece = data[at : at + MAX_DATA]
            size = len(piece) + _DIGITS
            buffers += (_FULL if size > MAX_DATA else b"%04x" % size, piece)
        yield buffers


def whole(data: bytes) -> bytes | None:
    """Return the message that `data` begins with, if it is one packet and its end, else None.

    Nearly every message is; this spares them the decoder.
    """
    if data[-_DIGITS:] == FLUSH and data[:_DIGITS] == b"%04x" % (len(data) - _DIGITS):
        return data[_DIGITS:-_DIGITS]  # nothing but these, in lower case: what is nearly always
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
    """Turns received bytes, however split, into the data of one message.

    It keeps at most three bytes itself, and looks at each byte once.
    """

    __slots__ = ("_alone", "_digits", "_missing", "finished")

    def __init__(self) -> None:
        self._digits = b""  # of a length that has not arrived as a whole
        self._missing = 0  # bytes of data still to come in this packet
        self._alone = 0  # for how many packets more to ask for one at a time
        self.finished = False

    @property
    def wants(self) -> int:
        """How many bytes to receive next: few enough that the data of long packets comes alone.

        It is then returned by `feed` as it is, not copied.
        """
        if not self._alone:
            return _CHUNK
        if self._missing > _LONG:
            return self._missing
        return self._missing + _DIGITS - len(self._digits)

    def feed(self, data: "Bytes") -> "list[Bytes]":
        """Take the next received bytes; return the data in them, as slices of what was given.

        What follows the end of the message is left alone; after an error there is only the error.
        """
        if self._missing:
            if len(data) == self._missing:  # as `wants` asked for
                self._missing = 0
                return [data]
        elif data == _FULL and not self._digits:
            self._missing, self._alone = MAX_DATA, 2
            return []
        return list(self.pieces(data))

    def pieces(self, data: "Bytes") -> "Iterator[Bytes]":
        """Take the next received bytes; yield the data in them, one slice at a time.

        Short packets take a hundred times their size where all their slices are kept.
        """
        at = 0
        while at < len(data) and not self.finished:
            if self._missing:
                piece = data[at : at + self._missing]
                self._missing -= len(piece)
                at += len(piece)
                yield piece
            else:
                at += self._take_digits(bytes(data[at : at + _DIGITS - len(self._digits)]))

    def _take_digits(self, digits: bytes) -> int:
        self._digits += digits
        if len(self._digits) == _DIGITS:
            size = packet_size(self._digits)  # an error leaves the digits, to be raised again
            self._digits = b""
            self._missing = max(size - _DIGITS, 0)
            # One short packet among long ones is a remainder, two are another kind of message.
            self._alone = 2 if size > _LONG else max(self._alone - 1, 0)
            self.finished = not size
        return len(digits)
