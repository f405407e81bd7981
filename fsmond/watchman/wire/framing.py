"""Split what a client sends into requests, and encode responses as their requests were; no I/O.

A request is a line of JSON, or a message of BSER 1 or 2; a client may mix them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fsmond.watchman.wire import bser
from fsmond.watchman.wire.values import EncodingError, Rows, Value

_BSER = b"\0"  # how its messages begin; no JSON does


class Encoding(NamedTuple):
    """How a request was encoded; its response has to be, too."""

    version: int
    """Of BSER; 0: JSON."""
    capabilities: int = 0


JSON = Encoding(0)


class Requests:
    """Takes what arrives from one client, however split."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # bytes without the end of a line

    def feed(self, data: bytes) -> Iterator[tuple[Value, Encoding]]:
        """Yield the requests that are complete now.

        Raise EncodingError for what is none: what follows it cannot be understood.
        """
        self._buffer += data
        while self._buffer:
            found = self._bser() if self._buffer[:1] == _BSER else self._json()
            if found is None:
                return
            yield found

    def _bser(self) -> tuple[Value, Encoding] | None:
        head = bser.read_head(bytes(self._buffer[:32]))
        if head is None or len(self._buffer) < head.size + head.length:
            return None
        value = bser.decode(bytes(self._buffer[head.size : head.size + head.length]))
        del self._buffer[: head.size + head.length]
        return value, Encoding(head.version, head.capabilities)

    def _json(self) -> tuple[Value, Encoding] | None:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched > bser.MAX_MESSAGE:
                raise EncodingError(f"a line has more than {bser.MAX_MESSAGE} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        try:
            value: Value = json.loads(line.decode(errors="surrogateescape"))
        except (ValueError, RecursionError) as error:
            raise EncodingError(f"a line is neither JSON nor BSER: {error}") from error
        return value, JSON


def encode(value: Value, encoding: Encoding) -> bytes:
    """Return a response as it is sent."""
    if encoding.version:
        return bser.encode(value, encoding.version, encoding.capabilities)
    return json.dumps(value, default=_as_json).encode() + b"\n"


def _as_json(value: object) -> object:
    """Return what stands in JSON for a value that it does not have."""
    match value:
        case bytes():
            return value.decode(errors="surrogateescape")
        case Rows():
            return value.objects()
        case Mapping():
            return dict(value)
        case Sequence():
            return list(value)
    raise TypeError(f"no value: {type(value)}")
