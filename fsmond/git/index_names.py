"""The names in Git's index: the formats 2, 3 and 4, split and sparse ones, of SHA-1 or SHA-256."""

import os
import sys
from collections.abc import Iterator

from fsmond.git.worktree import open_regular

_SIGNATURE = b"DIRC"
_VERSIONS = (2, 3, 4)
_COMPRESSED = 4  # the version in which a name is told by what differs from the one before
_HEADER = 12  # bytes
_STATUS = 40  # bytes of an entry before the hash
_HASHES = (20, 32)  # bytes
_LONG = 0xFFF  # in the place of a name's length: it is that long or longer
_EXTENDED = 0x4000  # the flag of an entry with two more bytes of flags
_SHARED = b"link"  # the extension that names the index of which this one has what differs
_MOST_BYTES = 64 << 20  # of a file; some half a million names
_MOST_NAMES = 500_000  # a second's work


class IndexFileError(ValueError):
    """It is damaged, too large, or of a format from after this was written."""


def names_in(path: bytes) -> list[bytes]:
    """Return the names in an index, in no order; none if there is no such file.

    A directory that a sparse index has for all that is in it ends with a `/`.  Of a split index
    also names are returned that were removed since it was split.  Raises IndexFileError, and
    OSError if it cannot be read.
    """
    try:
        data = _content(path)
    except FileNotFoundError:
        return []
    for size in _HASHES:  # which one is said elsewhere; by the wrong one nothing fits
        try:
            found, end = _names(data, size)
            shared = _shared(data, end, size)
        except (LookupError, ValueError):
            if size == _HASHES[-1]:
                raise IndexFileError(f"{len(data)} bytes that are no index") from None
            continue
        if shared is None:
            return found
        # The entries that stand for changed ones of the shared index have no names here.
        base = _content(os.path.join(os.path.dirname(path), b"sharedindex." + shared))
        return [name for name in found if name] + _names(base, size)[0]
    raise AssertionError


def count_of(path: bytes) -> int:
    """Return how many entries an index has, by its first bytes; 0 if it has none to read."""
    try:
        descriptor = open_regular(path)
    except OSError:
        return 0
    try:
        header = os.read(descriptor, _HEADER)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return int.from_bytes(header[8:], "big") if header.startswith(_SIGNATURE) else 0


def _content(path: bytes) -> bytes:
    descriptor = open_regular(path)
    try:
        if os.fstat(descriptor).st_size > _MOST_BYTES:
            raise IndexFileError(f"more than {_MOST_BYTES} bytes")
        pieces = iter(lambda: os.read(descriptor, _MOST_BYTES), b"")
        data = b"".join(piece for piece, _ in zip(pieces, range(64), strict=False))
    finally:
        os.close(descriptor)
    return data


def _names(data: bytes, size: int) -> tuple[list[bytes], int]:
    """Return the names, and where the entries end."""
    version = int.from_bytes(data[4:8], "big")
    count = int.from_bytes(data[8:_HEADER], "big")
    if data[:4] != _SIGNATURE or version not in _VERSIONS:
        raise IndexFileError(f"version {version} of an index is unknown")
    if count > _MOST_NAMES:
        raise IndexFileError(f"{count} names are more than {_MOST_NAMES}")
    if version == _COMPRESSED:
        return _compressed_names(data, size, count)
    found, at, flags_at = [], _HEADER, _STATUS + size
    for _ in range(count):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        begin = at + flags_at + (4 if flags & _EXTENDED else 2)
        end = begin + (flags & _LONG)
        if flags & _LONG == _LONG:
            end = data.index(0, end)
        if data[end]:
            raise IndexFileError("a name that is longer than it says")
        found.append(data[begin:end])
        at += (end - at + 8) & ~7  # at least one NUL, up to a multiple of eight bytes
    return found, at


def _compressed_names(data: bytes, size: int, count: int) -> tuple[list[bytes], int]:
    found, at, flags_at, name = [], _HEADER, _STATUS + size, b""
    for _ in range(count):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        at += flags_at + (4 if flags & _EXTENDED else 2)
        left_out, at = _number(data, at)
        end = data.index(0, at)
        if left_out > len(name):
            raise IndexFileError("a name that keeps more of the one before than there is")
        name = name[: len(name) - left_out] + data[at:end]
        if flags & _LONG != min(len(name), _LONG):
            raise IndexFileError("a name that is not as long as it says")
        found.append(name)
        at = end + 1
    return found, at


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of any length, seven bits a byte; return it, and where it ends."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | data[at] & 0x7F
        if value > sys.maxsize:
            raise IndexFileError("a number that is none")
    return value, at + 1


def _shared(data: bytes, at: int, size: int) -> bytes | None:
    """Return the hash of the shared index that this one is about, in hexadecimal, if it is."""
    for name, begin, end in _extensions(data, at, size):
        if name == _SHARED:
            hash_ = data[begin : min(begin + size, end)]
            return None if not hash_.strip(b"\0") else hash_.hex().encode()
    return None


def _extensions(data: bytes, at: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each, and where it begins and ends."""
    while at + 8 <= len(data) - size:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        yield name, at + 8, at + 8 + length
        at += 8 + length
    if at != len(data) - size:
        raise IndexFileError("there is more, or less, than it says")
