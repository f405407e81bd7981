"""The values that requests and responses are made of, in any encoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Scalar = bool | int | float | str | bytes | None
Value: TypeAlias = (
    "bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value] | Rows | None"
)
"""Strings of a request are `str`, with surrogate escapes for what is no UTF-8; `bytes` in a
response are names of files, and `str` is text."""

Object = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of objects that all have the same keys; BSER has a form for it."""

    keys: tuple[str, ...]
    columns: "tuple[Sequence[Scalar | Mapping[str, Scalar]], ...]"
    """The values of each key, all of the same length.

    All of one are of one type; those that are no numbers may be None, or objects, as well.
    """

    def objects(self) -> "list[dict[str, Scalar | Mapping[str, Scalar]]]":
        """Return the list, for encodings that have no such form."""
        return [dict(zip(self.keys, row, strict=True)) for row in zip(*self.columns, strict=True)]


class EncodingError(ValueError):
    """What a client sent is no value; the message says why."""
