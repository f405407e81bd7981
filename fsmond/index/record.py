"""What is kept of one directory: for each name in it a signature, in few bytes.

Two records that are the same bytes are of a directory in which nothing changed, unless they are
`restless`.
"""

from array import array
from collections.abc import Set as AbstractSet
from struct import Struct
from typing import NamedTuple

FILE, DIRECTORY, LINK, OTHER = 1, 2, 3, 4
KIND = 7
"""The bits of a signature that say of which kind."""
RACY = 8
"""The bit of a signature that is no promise.

Of a file that changed within the clock's granularity of being looked at, another change may leave
the same times.  So whether it changed since can't be told.
"""

LINKED = 16
"""The bit of a signature of a file that has several names."""
FLAGS = KIND | RACY | LINKED

UNREAD = b""
"""The record of a directory that could not be read."""

# Whether restless, whether some have other names, the directory's own times, number of entries.
_HEAD = Struct("=??qI")


class Entries(NamedTuple):
    """A record, read."""

    names: list[bytes]
    """A directory's ends in `/`."""
    signatures: "array[int]"
    inodes: "array[int]"
    """The lower 32 bits of each number."""


def pack(names: bytes, signatures: "array[int]", inodes: "array[int]", own: int = 0) -> bytes:
    """Make a record; the names are separated by NULs, `own` is a signature of the times."""
    flags = 0
    for signature in signatures:
        flags |= signature
    head = _HEAD.pack(bool(flags & RACY), bool(flags & LINKED), own, len(signatures))
    return b"".join((head, signatures.tobytes(), inodes.tobytes(), names))


def unpack(record: bytes) -> Entries:
    """Read a record; of a directory that could not be read nothing is known."""
    signatures, inodes = array("q"), array("I")
    if not record:
        return Entries([], signatures, inodes)
    *_, count = _HEAD.unpack_from(record)
    first, second = _HEAD.size, _HEAD.size + 8 * count
    end = second + 4 * count
    signatures.frombytes(record[first:second])
    inodes.frombytes(record[second:end])
    return Entries(record[end:].split(b"\0") if count else [], signatures, inodes)


def count(record: bytes) -> int:
    """Return how many names are in it."""
    return int(_HEAD.unpack_from(record)[-1]) if record else 0


def holds_any(record: bytes, inodes: AbstractSet[int]) -> bool:
    """Say whether a file in it may be one of these, going by the lower 32 bits of the number."""
    if not record:
        return False
    size = count(record)
    found, first = array("I"), _HEAD.size + 8 * size
    found.frombytes(memoryview(record)[first : first + 4 * size])
    return not inodes.isdisjoint(found)


def is_restless(record: bytes) -> bool:
    """Say whether something in it may have changed, however it looks."""
    return not record or record[0] != 0


def has_links(record: bytes) -> bool:
    """Say whether a file in it has other names, there or elsewhere."""
    return record[1:2] == b"\1"


def calmed(record: bytes) -> bytes:
    """Return the record without a doubt about what changes too soon to be seen."""
    names, signatures, inodes = unpack(record)
    _, _, own, _ = _HEAD.unpack_from(record)
    signatures = array("q", [each & ~RACY for each in signatures])
    return pack(b"\0".join(names), signatures, inodes, own & ~RACY)


def may_have_had_others(before: bytes, now: bytes) -> bool:
    """Say whether names may have come to a directory and gone again between two records.

    Then its own times moved.  What changed in it by names that stayed does not tell.
    """
    if not before or not now:
        return True
    _, _, known, _ = _HEAD.unpack_from(before)
    _, _, own, _ = _HEAD.unpack_from(now)
    return bool(known & RACY or (known ^ own) & ~RACY)


def subdirectories(record: bytes) -> list[bytes]:
    """Return the names of the directories in it, each with its `/`."""
    return [name for name in unpack(record).names if name.endswith(b"/")]
