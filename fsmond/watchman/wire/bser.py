"""BSER, Watchman's binary encoding: values and their bytes; no I/O.

After https://facebook.github.io/watchman/docs/bser.  A message begins with two bytes that name the
version, in version 2 four bytes of capabilities, and the length of the value; numbers are in the
byte order of the machine.  Each value begins with a byte for its type.
"""

import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias, cast

from fsmond.watchman.wire.values import EncodingError, Rows, Scalar, Value

MAGIC_1, MAGIC_2 = b"\x00\x01", b"\x00\x02"
MAX_DEPTH = 200  # lists and objects in each other; queries have a dozen
MAX_MESSAGE = 16 << 20  # bytes of a request; parsed it takes up to ten times as much memory

NO_TEXT = 1  # a capability: the client wants text as byte strings
_ARRAY, _OBJECT, _BYTES, _INT8, _INT16, _INT32, _INT64, _REAL = range(8)
_TRUE, _FALSE, _NULL, _TEMPLATE, _SKIP, _TEXT = range(8, 14)
_INTEGERS = {
    _INT8: struct.Struct("=b"),
    _INT16: struct.Struct("=h"),
    _INT32: struct.Struct("=i"),
    _INT64: struct.Struct("=q"),
}
_REAL_NUMBER = struct.Struct("=d")
_CONSTANTS = {_TRUE: True, _FALSE: False, _NULL: None}
_CAPABILITIES = struct.Struct("=I")
_MAGIC_SIZE = 2
_HEADS = {MAGIC_1: _MAGIC_SIZE, MAGIC_2: _MAGIC_SIZE + _CAPABILITIES.size}


class Head(NamedTuple):
    """What comes before a message's value."""

    version: int
    capabilities: int
    size: int
    """Bytes of the head."""
    length: int
    """Bytes of the value that follows."""


def read_head(data: bytes, limit: int | None = MAX_MESSAGE) -> Head | None:
    """Return the head at the beginning of a message; None if more bytes are needed.

    Raise EncodingError if it is none, or if the value has more bytes than `limit`.
    """
    if not (MAGIC_1.startswith(data[:_MAGIC_SIZE]) or MAGIC_2.startswith(data[:_MAGIC_SIZE])):
        raise EncodingError("not a BSER message: it begins with neither 00 01 nor 00 02")
    at = _HEADS.get(data[:_MAGIC_SIZE], 0)
    if len(data) <= at or not at:
        return None
    integer = _INTEGERS.get(data[at])
    if integer is None:
        raise EncodingError(f"the length of a BSER message has type {data[at]:#04x}: no integer")
    size = at + 1 + integer.size
    if len(data) < size:
        return None
    length = integer.unpack_from(data, at + 1)[0]
    if not 0 < length <= (limit or length):
        raise EncodingError(f"a BSER message of {length} bytes: 1 to {limit} are accepted")
    is_second = at > _MAGIC_SIZE
    capabilities = _CAPABILITIES.unpack_from(data, _MAGIC_SIZE)[0] if is_second else 0
    return Head(1 + is_second, capabilities, size, length)


def decode(data: bytes) -> Value:
    """Return the value that these bytes are, all of them; raise EncodingError.

    Without recursion, as lists may be in each other to any depth.
    """
    reader, opened = _Reader(data), list[_Container]()
    while True:
        try:
            found = reader.read()
        except (struct.error, IndexError) as error:
            raise EncodingError("a BSER value ends too early") from error
        if isinstance(found, _Container):
            opened.append(found)
            if len(opened) > MAX_DEPTH:
                raise EncodingError(f"BSER values are nested more than {MAX_DEPTH} deep")
        elif opened:
            opened[-1].items.append(found)
        while opened and len(opened[-1].items) == opened[-1].count:
            found = opened.pop().value()
            if opened:
                opened[-1].items.append(found)
        if not opened and not isinstance(found, _Container):
            reader.refuse_rest()
            return found


def encode(value: Value, version: int, capabilities: int = 0) -> bytes:
    """Return a value as a message; version 1 has one type of strings only."""
    has_text = version > 1 and not capabilities & NO_TEXT
    body = b"".join(_pieces(value, has_text=has_text))
    head = MAGIC_1 if version == 1 else MAGIC_2 + _CAPABILITIES.pack(capabilities)
    return head + _integer(len(body)) + body


class _Container:
    """A list or an object of which not all was read; an object has keys and values in turn."""

    def __init__(self, count: int, *, is_object: bool) -> None:
        self.count = count
        self.is_object = is_object
        self.items: list[Value] = []

    def value(self) -> Value:
        if not self.is_object:
            return self.items
        keys = [key for key in self.items[::2] if isinstance(key, str)]
        if len(keys) * 2 != self.count:
            raise EncodingError("the key of a BSER object is no string")
        return dict(zip(keys, self.items[1::2], strict=True))


class _Reader:
    """Reads one value after the other; raises struct.error or IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self) -> "Value | _Container":
        """Return the next value; of a list or an object, what is to be filled."""
        data, at = self._data, self._at
        kind = data[at]
        if kind in (_BYTES, _TEXT) and data[at + 1] == _INT8:  # most values of a request
            begin = at + 3
            end = begin + data[at + 2]
            if data[at + 2] < _SMALL and end <= len(data):
                self._at = end
                return data[begin:end].decode(errors="surrogateescape")
        self._at = at + 1
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _INTEGERS:
            return self._integer(kind)
        if kind in (_BYTES, _TEXT):
            size = self._size()
            self._at += size
            return self._data[self._at - size : self._at].decode(errors="surrogateescape")
        if kind == _REAL:
            found: float = _REAL_NUMBER.unpack_from(self._data, self._at)[0]
            self._at += _REAL_NUMBER.size
            return found
        if kind in (_ARRAY, _OBJECT):
            is_object = kind == _OBJECT
            return _Container(self._size() * (1 + is_object), is_object=is_object)
        raise EncodingError(f"a request has no BSER type {kind:#04x}")

    def refuse_rest(self) -> None:
        """Raise EncodingError unless all was read."""
        if self._at != len(self._data):
            raise EncodingError(f"{len(self._data) - self._at} bytes follow a BSER value")

    def _kind(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _size(self) -> int:
        """Read how many bytes or items follow; each item takes a byte at least."""
        kind = self._kind()
        if kind not in _INTEGERS:
            raise EncodingError(f"a BSER size has type {kind:#04x}: no integer")
        size, left = self._integer(kind), len(self._data) - self._at
        if not 0 <= size <= left:
            raise EncodingError(f"a BSER size of {size}, where {left} bytes follow")
        return size

    def _integer(self, kind: int) -> int:
        integer = _INTEGERS[kind]
        found: int = integer.unpack_from(self._data, self._at)[0]
        self._at += integer.size
        return found


def _pieces(value: Value, *, has_text: bool) -> list[bytes]:
    """Return a value's bytes in pieces; what is in it follows on a stack, so without recursion."""
    pieces: list[bytes] = []
    pending: list[_Pending] = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, _Encoded):
            pieces.append(each.data)
        elif isinstance(each, str | bytes | int):
            pieces.append(_scalar(each, has_text=has_text))
        elif isinstance(each, Rows):
            pieces += _rows(each, has_text=has_text)
        elif isinstance(each, Mapping):
            pieces.append(bytes((_OBJECT,)) + _integer(len(each)))
            for key, item in reversed(list(each.items())):
                pending += [item, _Encoded(_bytes(key.encode()))]
        elif isinstance(each, Sequence):
            pieces.append(bytes((_ARRAY,)) + _integer(len(each)))
            pending += reversed(each)
        else:
            pieces.append(_scalar(each, has_text=has_text))
    return pieces


class _Encoded(NamedTuple):
    """What is encoded already."""

    data: bytes


_Pending: TypeAlias = "Value | _Encoded"


def _rows(rows: Rows, *, has_text: bool) -> list[bytes]:
    """Return rows as a template: the keys, the number of rows, and the values of each row."""
    count = len(rows.columns[0]) if rows.columns else 0
    keys = [_bytes(key.encode()) for key in rows.keys]
    head = bytes((_TEMPLATE, _ARRAY)) + _integer(len(keys)) + b"".join(keys) + _integer(count)
    columns = [_column(each, has_text=has_text) for each in rows.columns]
    return [head, *chain.from_iterable(zip(*columns, strict=True))]


def _column(values: "Sequence[Scalar | Mapping[str, Scalar]]", *, has_text: bool) -> list[bytes]:
    """Return each value's bytes; fast for names, and for numbers of which many are the same."""
    kind = type(values[0]) if values else None
    if kind is bytes and None not in values:
        names = cast("Sequence[bytes]", values)
        return [_SHORT[len(each)] + each if len(each) < _SMALL else _bytes(each) for each in names]
    if kind in (bool, int):  # all others are: see Rows
        numbers = cast("Sequence[int]", values)
        different = set(numbers)
        # A truth value equals 0 or 1, and is another value.
        if different.isdisjoint((0, 1)) or len(set(map(type, numbers))) == 1:
            made = {each: _scalar(each, has_text=False) for each in different}
            return [made[each] for each in numbers]
    return [
        _flat_object(each, has_text=has_text)
        if isinstance(each, Mapping)
        else _scalar(each, has_text=has_text)
        for each in values
    ]


def _flat_object(fields: "Mapping[str, Scalar]", *, has_text: bool) -> bytes:
    items = [
        _bytes(key.encode()) + _scalar(each, has_text=has_text) for key, each in fields.items()
    ]
    return bytes((_OBJECT,)) + _integer(len(items)) + b"".join(items)


def _scalar(value: "Scalar", *, has_text: bool) -> bytes:
    match value:
        case None:
            return bytes((_NULL,))
        case bool():
            return bytes((_TRUE if value else _FALSE,))
        case int():
            return _integer(value)
        case float():
            return bytes((_REAL,)) + _REAL_NUMBER.pack(value)
        case str() if has_text:
            data = value.encode(errors="replace")
            return _TEXT_TYPE + _integer(len(data)) + data
        case str():
            return _bytes(value.encode(errors="surrogateescape"))
    return _bytes(value)


def _bytes(data: bytes) -> bytes:
    if len(data) < _SMALL:
        return _SHORT[len(data)] + data
    return bytes((_BYTES,)) + _integer(len(data)) + data


def _integer(value: int) -> bytes:
    if 0 <= value < _SMALL:
        return bytes((_INT8, value))
    for kind, limit in _LIMITS:
        if -limit <= value < limit:
            return bytes((kind,)) + _INTEGERS[kind].pack(value)
    # Inode numbers have no sign, and numbers in BSER have one.
    return bytes((_INT64,)) + _INTEGERS[_INT64].pack((value + (1 << 63)) % (1 << 64) - (1 << 63))


_LIMITS = ((_INT8, 1 << 7), (_INT16, 1 << 15), (_INT32, 1 << 31), (_INT64, 1 << 63))
_SMALL = 1 << 7
_TEXT_TYPE = bytes((_TEXT,))
_SHORT = [bytes((_BYTES, _INT8, length)) for length in range(_SMALL)]
