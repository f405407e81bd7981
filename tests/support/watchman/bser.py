"""Read and write BSER as a client does; independent of the server's code."""

import struct
from typing import Any

_INTEGERS = {3: "=b", 4: "=h", 5: "=i", 6: "=q"}
_CONSTANTS = {8: True, 9: False, 10: None}


class Reader:
    """Reads values from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def value(self) -> Any:
        kind = self._byte()
        if kind in _INTEGERS:
            return self._unpack(_INTEGERS[kind])
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == 7:
            return self._unpack("=d")
        if kind in (2, 13):
            size = self.value()
            self.at += size
            data = self.data[self.at - size : self.at]
            return data if kind == 2 else data.decode()
        if kind == 0:
            return [self.value() for _ in range(self.value())]
        if kind == 1:
            return {self._key(): self.value() for _ in range(self.value())}
        assert kind == 11, f"type {kind}"
        keys = [_text(key) for key in self.value()]
        return [self._row(keys) for _ in range(self.value())]

    def _row(self, keys: list[str]) -> dict[str, Any]:
        row = {}
        for key in keys:
            if self.data[self.at] == 12:
                self.at += 1
            else:
                row[key] = self.value()
        return row

    def _key(self) -> str:
        return _text(self.value())

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _unpack(self, form: str) -> Any:
        self.at += struct.calcsize(form)
        return struct.unpack_from(form, self.data, self.at - struct.calcsize(form))[0]


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def pack(value: Any, version: int, capabilities: int = 0) -> bytes:
    """Return a message."""
    body = _packed(value)
    head = b"\0\1" if version == 1 else b"\0\2" + struct.pack("=I", capabilities)
    return head + _number(len(body)) + body


def _packed(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"\x0a", True: b"\x08", False: b"\x09"}[value]
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, float):
        return b"\x07" + struct.pack("=d", value)
    if isinstance(value, str | bytes):
        data = value.encode(errors="surrogateescape") if isinstance(value, str) else value
        return b"\x02" + _number(len(data)) + data
    if isinstance(value, list):
        return b"\x00" + _number(len(value)) + b"".join(map(_packed, value))
    items = b"".join(_packed(key) + _packed(item) for key, item in value.items())
    return b"\x01" + _number(len(value)) + items


def _number(value: int) -> bytes:
    for kind, form in _INTEGERS.items():
        if -(1 << 8 * struct.calcsize(form) - 1) <= value < 1 << 8 * struct.calcsize(form) - 1:
            return bytes((kind,)) + struct.pack(form, value)
    raise ValueError(value)


def as_text(value: Any) -> Any:
    """Return text for bytes: version 1 does not tell them apart."""
    match value:
        case bytes():
            return value.decode(errors="surrogateescape")
        case list():
            return [as_text(each) for each in value]
        case dict():
            return {key: as_text(each) for key, each in value.items()}
    return value
