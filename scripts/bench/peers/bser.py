"""Watchman's binary encoding BSER, in which paths are bytes; JSON has no bytes.

Only the types that its answers to queries for names contain; see Watchman's docs/bser.
"""

import struct
from collections.abc import Mapping, Sequence

Value = bytes | str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]

_MAGIC = b"\x00\x01"
_ARRAY, _OBJECT, _STRING = 0, 1, 2
_INTEGERS = {3: "<b", 4: "<h", 5: "<i", 6: "<q"}
_REAL, _TRUE, _FALSE, _NULL = 7, 8, 9, 10


class TruncatedError(ValueError):
    """More bytes are needed."""


def encode(value: Value) -> bytes:
    """Return a value as a BSER message."""
    body = _encoded(value)
    return _MAGIC + _integer(len(body)) + body


def length(data: bytes | bytearray) -> int:
    """Return the length of the message that starts with `data`; raise if its head is incomplete."""
    if data[:2] != _MAGIC[: len(data)] or len(data) < 3:
        if data[:2] == _MAGIC[: len(data)]:
            raise TruncatedError("the head has no length yet")
        raise ValueError(f"this is not BSER: {data[:20]!r}")
    size = struct.calcsize(_INTEGERS[data[2]])
    if len(data) < 3 + size:
        raise TruncatedError("the length is incomplete")
    return int(3 + size + struct.unpack_from(_INTEGERS[data[2]], data, 3)[0])


def decode(data: bytes) -> dict[str, Value]:
    """Return the object in a message."""
    start = 3 + struct.calcsize(_INTEGERS[data[2]])
    value, _ = _decoded(data, start)
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, got {value!r}")
    return value


def _encoded(value: Value) -> bytes:
    if value is None or isinstance(value, bool):
        return bytes([{None: _NULL, True: _TRUE, False: _FALSE}[value]])
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return bytes([_STRING]) + _integer(len(value)) + value
    if isinstance(value, Mapping):
        pairs = b"".join(_encoded(name) + _encoded(each) for name, each in value.items())
        return bytes([_OBJECT]) + _integer(len(value)) + pairs
    if isinstance(value, Sequence):
        return bytes([_ARRAY]) + _integer(len(value)) + b"".join(map(_encoded, value))
    raise TypeError(f"cannot encode {value!r}")


def _integer(number: int) -> bytes:
    return b"\x06" + struct.pack("<q", number)


def _decoded(data: bytes, at: int) -> tuple[Value, int]:
    kind = data[at]
    if kind in _INTEGERS:
        return _number(data, at)
    if kind == _REAL:
        return struct.unpack_from("<d", data, at + 1)[0], at + 9
    if kind in (_TRUE, _FALSE, _NULL):
        return {_TRUE: True, _FALSE: False, _NULL: None}[kind], at + 1
    count, at = _number(data, at + 1)
    if kind == _STRING:
        return data[at : at + count], at + count
    if kind == _ARRAY:
        return _array(data, at, count)
    if kind == _OBJECT:
        return _object(data, at, count)
    raise ValueError(f"unknown BSER type {kind}")


def _number(data: bytes, at: int) -> tuple[int, int]:
    form = _INTEGERS[data[at]]
    return int(struct.unpack_from(form, data, at + 1)[0]), at + 1 + struct.calcsize(form)


def _array(data: bytes, at: int, count: int) -> tuple[list[Value], int]:
    values = []
    for _ in range(count):
        value, at = _decoded(data, at)
        values.append(value)
    return values, at


def _object(data: bytes, at: int, count: int) -> tuple[dict[str, Value], int]:
    found = {}
    for _ in range(count):
        name, at = _decoded(data, at)
        assert isinstance(name, bytes)
        found[name.decode()], at = _decoded(data, at)
    return found, at
