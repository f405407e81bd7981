"""What is kept of one directory, in few bytes: a signature for each name in it.

If two records have the same bytes, nothing changed in the directory, unless they are uncertain (see
`is_uncertain`).
"""

from array import array
from collections.abc import Set as AbstractSet
from struct import Struct
from typing import NamedTuple

FILE, DIRECTORY, LINK, OTHER = 1, 2, 3, 4
KIND = 7
"""The bits of a signature that hold the kind."""
RACY = 8
"""The bit of an inconclusive signature: the same signature does not prove that nothing changed.

If a file changed shortly before it was read, within the clock's granularity, another change may
leave the same times.  So it cannot be determined whether it changed since.  Where times are fine
(see fsmond.index.fine_times), only another file in its place may have the same: then the directory
has other times.
"""

LINKED = 16
"""The bit of a signature of a file that has several names."""
FLAGS = KIND | RACY | LINKED

UNREAD = b""
"""The record of a directory that could not be read."""

# Whether any entry is racy, whether any has other names, the directory's own times, the number of
# entries.
_HEAD = Struct("=B?qI")
_CALM, _IN_DOUBT, _FINE = 0, 1, 2  # no entry is racy; some are; so, but the times are fine
_ENTRY = 8 + 4  # bytes of a signature and of an inode number


class Entries(NamedTuple):
    """An unpacked record."""

    names: list[bytes]
    """The name of a directory ends in `/`."""
    signatures: "array[int]"
    inodes: "array[int]"
    """The lower 32 bits of each inode number."""


def pack(
    names: bytes,
    signatures: "array[int]",
    inodes: "array[int]",
    own: int = 0,
    is_fine: bool = False,
) -> bytes:
    """Make a record; NULs separate the names, `own` is a signature of the directory's times.

    `is_fine`: whether the times of all racy entries are fine.  That is of use only if the
    directory's own are not racy.
    """
    flags = 0
    for signature in signatures:
        flags |= signature
    doubt = (_FINE if is_fine and not own & RACY else _IN_DOUBT) if flags & RACY else _CALM
    head = _HEAD.pack(doubt, bool(flags & LINKED), own, len(signatures))
    return b"".join((head, signatures.tobytes(), inodes.tobytes(), names))


def unpack(record: bytes) -> Entries:
    """Read a record; that of a directory that could not be read has no entries."""
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
    """Return how many names a record has."""
    return int(_HEAD.unpack_from(record)[-1]) if record else 0


def holds_any(record: bytes, inodes: AbstractSet[int]) -> bool:
    """Return whether a record may have one of these files; compares the lower 32 bits of inodes."""
    if not record:
        return False
    size = count(record)
    found, first = array("I"), _HEAD.size + 8 * size
    found.frombytes(memoryview(record)[first : first + 4 * size])
    return not inodes.isdisjoint(found)


def holds_name(record: bytes, name: bytes) -> bool:
    """Return whether a record has a name; that of a directory ends in `/`.

    A record that could not be read may have any name.
    """
    if not record:
        return True
    names = record[_HEAD.size + _ENTRY * count(record) :]
    return b"\0%b\0" % name in b"\0%b\0" % names


def is_uncertain(record: bytes) -> bool:
    """Return whether something may have changed even if the next record is the same."""
    return not record or record[0] == _IN_DOUBT


def is_racy_beside(record: bytes, other: bytes) -> bool:
    """Return whether racy entries of a record may have changed until another was made."""
    if not record or not other or record[0] != _FINE:
        return True
    _, _, own, _ = _HEAD.unpack_from(record)
    _, _, others, _ = _HEAD.unpack_from(other)
    return bool(own != others)


def has_links(record: bytes) -> bool:
    """Return whether a file in it has other names, in this directory or elsewhere."""
    return record[1:2] == b"\1"


def without_racy_marks(record: bytes) -> bytes:
    """Return the record with no entry marked as racy."""
    names, signatures, inodes = unpack(record)
    _, _, own, _ = _HEAD.unpack_from(record)
    signatures = array("q", [each & ~RACY for each in signatures])
    return pack(b"\0".join(names), signatures, inodes, own & ~RACY)


def may_have_had_transient_names(before: bytes, now: bytes) -> bool:
    """Return whether names may have appeared in a directory and vanished again between two records.

    If they did, the directory's own times changed.  A change to a file does not change those.
    """
    if not before or not now:
        return True
    _, _, known, _ = _HEAD.unpack_from(before)
    _, _, own, _ = _HEAD.unpack_from(now)
    return bool(known & RACY or (known ^ own) & ~RACY)


def directories_and_sample(record: bytes) -> tuple[list[bytes], bytes | None]:
    """Return the names of the subdirectories, without `/`, and that of a file, if there is one."""
    size = count(record)
    names = record[_HEAD.size + _ENTRY * size :] if size else b""
    if not names.endswith(b"/") and b"/\0" not in names:
        return [], names.partition(b"\0")[0] or None
    each = names.split(b"\0")
    files = (name for name in each if not name.endswith(b"/"))
    return [name[:-1] for name in each if name.endswith(b"/")], next(files, None)


def subdirectories(record: bytes) -> list[bytes]:
    """Return the names of the subdirectories in it; each ends in `/`."""
    return [name for name in unpack(record).names if name.endswith(b"/")]
