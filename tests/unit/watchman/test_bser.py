"""BSER is read and written as its documentation has it; the literals are from there."""

import contextlib

import pytest
from support.watchman import bser as independent

from fsmond.watchman.wire import bser
from fsmond.watchman.wire.values import EncodingError, Rows, Scalar, Value

VALUES: list[Value] = [
    None,
    True,
    False,
    0,
    127,
    128,
    -129,
    1 << 20,
    -(1 << 40),
    1.5,
    "",
    "text",
    "caf\udce9",
    [],
    {},
    [1, [2, {"key": [None]}]],
    {"a": {"b": "c"}},
]


def decoded(message: bytes) -> object:
    """Return what the server reads."""
    head = bser.read_head(message)
    assert head is not None
    assert len(message) == head.size + head.length
    return bser.decode(message[head.size :])


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_a_client_writes_is_read(value: object, version: int) -> None:
    """Names that are no UTF-8 included."""
    assert decoded(independent.pack(value, version)) == value


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_written_a_client_reads(value: Value, version: int) -> None:
    """It is the same value; text is bytes in version 1, which has one type of strings."""
    message = bser.encode(value, version)
    reader = independent.Reader(message[2 if version == 1 else 6 :])
    reader.value()

    found = reader.value()

    assert reader.at == len(reader.data)
    assert independent.as_text(found) == _replaced(value, version)


def _replaced(value: object, version: int) -> object:
    """Return what arrives of text that is no UTF-8."""
    return "caf?" if value == "caf\udce9" and version > 1 else value


def test_the_example_of_the_documentation() -> None:
    """A list of strings, with the sizes that it names."""
    message = bser.encode([b"Tom", b"Jerry"], 1)

    assert message == b"\0\1\3\x11\0\3\2\2\3\3Tom\2\3\5Jerry"


def test_rows_are_a_template() -> None:
    """The keys stand once; a client reads objects."""
    rows = Rows(("name", "age"), ([b"fred", b"pete"], [20, 30]))

    message = bser.encode(rows, 1)

    assert message[4:] == (
        b"\x0b\0\3\2\2\3\4name\2\3\3age\3\2" + b"\2\3\4fred\3\x14" + b"\2\3\4pete\3\x1e"
    )
    assert independent.Reader(message[4:]).value() == rows.objects()


@pytest.mark.parametrize(
    "column",
    [
        [b"a", b"x" * 127, b"x" * 128, b"x" * 40_000],
        [0, 127, 128, -129, 1 << 15, 1 << 31, 1 << 62],
        [True, 1, False, 0],
        [1.5, None, "text", b"\xff"],
        ["da39a3", {"error": "gone"}, None],
    ],
    ids=range(5),
)
def test_each_column_is_as_its_values(column: list[Scalar]) -> None:
    """Whichever way is the fastest for it: a number is no truth value, and long names fit."""
    message = bser.encode(Rows(("x",), (column,)), 2)
    reader = independent.Reader(message[6:])
    reader.value()

    found = [row["x"] for row in reader.value()]

    assert found == column
    assert list(map(type, found)) == list(map(type, column))


def test_an_unsigned_inode_number_fits() -> None:
    """Numbers of BSER have a sign; a client gets the same bits."""
    message = bser.encode([(1 << 64) - 1], 1)

    assert independent.Reader(message[4:]).value() == [-1]


def test_text_is_bytes_where_the_client_cannot_read_text() -> None:
    """It says so by a capability."""
    assert b"\x0d" not in bser.encode(["text"], 2, bser.NO_TEXT)


MESSAGE = independent.pack(["query", "/root", {"fields": ["name"], "depth": 1.5}], 2)


@pytest.mark.parametrize("length", range(len(MESSAGE)))
def test_a_message_cut_anywhere_is_not_complete(length: int) -> None:
    """More is waited for, or the value says that it ends too early; nothing else happens."""
    head = bser.read_head(MESSAGE[:length])
    if head is not None:
        with pytest.raises(EncodingError):
            bser.decode(MESSAGE[head.size : length])


@pytest.mark.parametrize("byte", [0, 1, 3, 6, 11, 12, 13, 127, 128, 255])
@pytest.mark.parametrize("at", range(len(MESSAGE)))
def test_any_wrong_byte_is_another_value_or_an_error(at: int, byte: int) -> None:
    """No other exception, and no memory for what is not there."""
    damaged = MESSAGE[:at] + bytes((byte,)) + MESSAGE[at + 1 :]
    with contextlib.suppress(EncodingError):
        head = bser.read_head(damaged)
        if head is not None:
            bser.decode(damaged[head.size :])


@pytest.mark.parametrize(
    "message",
    [
        b"\0\1\6" + (10 << 30).to_bytes(8, "little"),  # ten GiB
        b"\0\1\3\xff",  # a negative length
        b"\0\1\2",  # a length that is a string
        b"\0\3\3\1",
        b"no",
    ],
)
def test_a_head_that_cannot_be_is_an_error(message: bytes) -> None:
    """Else the server would wait for what never comes."""
    with pytest.raises(EncodingError):
        bser.read_head(message)


@pytest.mark.parametrize(
    "value",
    [
        b"\0\5\xff\xff\xff\x7f",  # a list of two thousand million values
        b"\0\3\xff",
        b"\1\3\5",
        b"\2\5\xff\xff\xff\x7fabc",
        b"\2\3\x80",
        b"\0\2\3\1x",  # the size is a string
        b"\1\3\1\3\1\3\1",  # the key is a number
        b"\x0b\0\3\0\5\xff\xff\xff\x7f",  # rows without columns
        b"\x0c",
        b"\x63",
        b"",
        b"\x08\x08",
        b"\0\3\1" * 300 + b"\x0a",
    ],
)
def test_sizes_that_lie_are_errors(value: bytes) -> None:
    """Also what is nested too deeply, and what follows a value."""
    with pytest.raises(EncodingError):
        bser.decode(value)
