"""BSER, Watchman's binary encoding: values and their bytes; no I/O.

After https://facebook.github.io/watchman/docs/bser.  A message begins with two bytes that name the
version, in version 2 four bytes of capabilities, and the length of the value; numbers are in the
byte order of the machine.  Each value begins with a byte for its type.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias, cast

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
_CAPABILITIES = struct.Struct("=I")
_Reader: TypeAlias = Callable[[bytes, int], "tuple[Value, int]"]
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
    try:
        found, end = _decode(data)
    except (struct.error, IndexError) as error:
        raise EncodingError("a BSER value ends too early") from error
    if end != len(data):
        raise EncodingError(f"{len(data) - end} bytes follow a BSER value")
    return found


def _decode(data: bytes) -> tuple[Value, int]:
    """Return the first value, and where it ends; raise struct.error or IndexError at the end."""
    items, count, is_object = list[Value](), 1, False  # of the innermost list that is not complete
    opened: list[tuple[list[Value], int, bool]] = []  # those around it
    at = 0
    while True:
        kind = data[at]
        if kind <= _OBJECT:  # or _ARRAY
            opened.append((items, count, is_object))
            if len(opened) > MAX_DEPTH:
                raise EncodingError(f"BSER values are nested more than {MAX_DEPTH} deep")
            size, at = _read_size(data, at + 1)
            items, is_object = [], kind == _OBJECT
            count = size * 2 if is_object else size  # keys and values in turn
        else:
            item, at = _readers[kind](data, at + 1)
            items.append(item)
        while len(items) == count:
            if not opened:
                return items[0], at
            complete = _object(items) if is_object else items
            items, count, is_object = opened.pop()
            items.append(complete)


def encode(value: Value, version: int, capabilities: int = 0) -> bytes:
    """Return a value as a message; version 1 has one type of strings only."""
    has_text = version > 1 and not capabilities & NO_TEXT
    body = b"".join(_pieces(value, _TEXT_WRITERS if has_text else _WRITERS))
    head = MAGIC_1 if version == 1 else MAGIC_2 + _CAPABILITIES.pack(capabilities)
    return head + _integer(len(body)) + body


def _object(items: list[Value]) -> Value:
    """Return the object that these keys and values are."""
    for key in items[::2]:
        if not isinstance(key, str):
            raise EncodingError("the key of a BSER object is no string")
    return dict(zip(cast("list[str]", items[::2]), items[1::2], strict=True))


def _read_string(data: bytes, at: int) -> tuple[Value, int]:
    size = data[at + 1]
    if data[at] == _INT8 and size < _SMALL:  # as most are
        begin = at + 2
    else:
        size, begin = _read_size(data, at)
    end = begin + size
    if end > len(data):
        raise EncodingError(f"a BSER size of {size}, where {len(data) - begin} bytes follow")
    return data[begin:end].decode(errors="surrogateescape"), end


def _read_size(data: bytes, at: int) -> tuple[int, int]:
    """Read how many bytes or items follow; each item takes a byte at least."""
    integer = _INTEGERS.get(data[at])
    if integer is None:
        raise EncodingError(f"a BSER size has type {data[at]:#04x}: no integer")
    size: int = integer.unpack_from(data, at + 1)[0]
    at += 1 + integer.size
    if not 0 <= size <= len(data) - at:
        raise EncodingError(f"a BSER size of {size}, where {len(data) - at} bytes follow")
    return size, at


def _number_reader(number: struct.Struct) -> _Reader:
    return lambda data, at: (number.unpack_from(data, at)[0], at + number.size)


def _constant_reader(constant: bool | None) -> _Reader:
    return lambda _, at: (constant, at)


class _Readers(dict[int, _Reader]):
    """What reads a value that is no list and no object, by its type."""

    def __missing__(self, kind: int) -> _Reader:
        raise EncodingError(f"a request has no BSER type {kind:#04x}")


_readers = _Readers(
    {
        _BYTES: _read_string,
        _TEXT: _read_string,
        _REAL: _number_reader(_REAL_NUMBER),
        _TRUE: _constant_reader(True),
        _FALSE: _constant_reader(False),
        _NULL: _constant_reader(None),
        **{kind: _number_reader(integer) for kind, integer in _INTEGERS.items()},
    }
)


def _pieces(value: Value, writers: "_Writers") -> list[bytes]:
    """Return a value's bytes in pieces; what is in it follows on a stack, so without recursion."""
    pieces: list[bytes] = []
    pending: list[_Pending] = [value]
    while pending:
        each = pending.pop()
        if type(each) in writers:
            pieces.append(writers[type(each)](each))
        elif isinstance(each, Rows):
            pieces += _rows(each, writers)
        elif isinstance(each, Mapping):
            pieces.append(bytes((_OBJECT,)) + _integer(len(each)))
            for key, item in reversed(list(each.items())):
                pending += (item, _key(key))
        elif isinstance(each, Sequence) and not isinstance(each, str | bytes):
            pieces.append(bytes((_ARRAY,)) + _integer(len(each)))
            pending += reversed(each)
        else:
            raise TypeError(f"BSER has no form for {type(each)}")
    return pieces


class _Encoded(bytes):
    """What is encoded already."""

    __slots__ = ()


_Pending: TypeAlias = "Value | _Encoded"


def _key(key: str) -> _Encoded:
    return _Encoded(_bytes(key.encode()))


def _rows(rows: Rows, writers: "_Writers") -> list[bytes]:
    """Return rows as a template: the keys, the number of rows, and the values of each row."""
    count = len(rows.columns[0]) if rows.columns else 0
    keys = [_bytes(key.encode()) for key in rows.keys]
    head = bytes((_TEMPLATE, _ARRAY)) + _integer(len(keys)) + b"".join(keys) + _integer(count)
    columns = [_column(each, writers) for each in rows.columns] if count else []
    return [head, *chain.from_iterable(zip(*columns, strict=True))]


def _column(values: "Sequence[Scalar | Mapping[str, Scalar]]", writers: "_Writers") -> list[bytes]:
    """Return each value's bytes; fast for names, and for numbers of which many are the same."""
    kind = type(values[0])
    if kind is bytes and None not in values:
        names = cast("Sequence[bytes]", values)
        return [_SHORT[len(each)] + each if len(each) < _SMALL else _bytes(each) for each in names]
    if kind in (bool, int) and len(values) > 1:  # all others are: see Rows
        numbers = cast("Sequence[int]", values)
        different = set(numbers)
        # A truth value equals 0 or 1, and is another value.
        if different.isdisjoint((0, 1)) or len(set(map(type, numbers))) == 1:
            made = {each: writers[type(each)](each) for each in different}
            return [made[each] for each in numbers]
    return [
        _flat_object(each, writers) if isinstance(each, Mapping) else writers[type(each)](each)
        for each in values
    ]


def _flat_object(fields: "Mapping[str, Scalar]", writers: "_Writers") -> bytes:
    items = [_key(key) + writers[type(each)](each) for key, each in fields.items()]
    return bytes((_OBJECT,)) + _integer(len(items)) + b"".join(items)


def _text(value: str) -> bytes:
    data = value.encode(errors="replace")
    return _TEXT_TYPE + _integer(len(data)) + data


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
_TRUTHS = (bytes((_FALSE,)), bytes((_TRUE,)))
_Writers: TypeAlias = "dict[type, Callable[[Any], bytes]]"
# What writes a value that is no list and no object, by its type.
_WRITERS: _Writers = {
    _Encoded: lambda encoded: encoded,
    type(None): lambda _: bytes((_NULL,)),
    bool: _TRUTHS.__getitem__,
    int: _integer,
    float: lambda number: bytes((_REAL,)) + _REAL_NUMBER.pack(number),
    str: lambda text: _bytes(text.encode(errors="surrogateescape")),
    bytes: _bytes,
}
_TEXT_WRITERS: _Writers = {**_WRITERS, str: _text}
