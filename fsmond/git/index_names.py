"""Read the names in Git's index: versions 2 to 4, split or sparse, with SHA-1 or SHA-256."""

import os
import sys
from collections.abc import Iterator

from fsmond.git.worktree import open_regular

_SIGNATURE = b"DIRC"
_VERSIONS = (2, 3, 4)
_COMPRESSED = 4  # the version that stores how a name differs from the previous one
_HEADER = 12  # bytes
_STATUS = 40  # bytes of an entry before the hash
_HASHES = (20, 32)  # bytes
_LONG = 0xFFF  # instead of a name's length: it is this or more
_EXTENDED = 0x4000  # the flag of an entry with two more bytes of flags
_SHARED = b"link"  # the extension of a split index that names its shared index
_MAX_BYTES = 64 << 20  # of a file; some half a million names
_MAX_NAMES = 500_000  # they take a second


class IndexFileError(ValueError):
    """The index is damaged, too large, or of an unknown version."""


def names_in(path: bytes) -> list[bytes]:
    """Return the names in an index, in any order; an empty list if there is no such file.

    The name of a sparse directory ends with a `/`.  For a split index, the list includes names that
    were removed since it was split.  Raise IndexFileError, and OSError if it cannot be read.
    """
    try:
        data = _content(path)
    except FileNotFoundError:
        return []
    for size in _HASHES:  # the file does not say which; with the wrong one, parsing fails
        try:
            found, end = _names(data, size)
            shared = _shared(data, end, size)
        except (LookupError, ValueError):
            if size == _HASHES[-1]:
                raise IndexFileError(f"not an index, {len(data)} bytes") from None
            continue
        if shared is None:
            return found
        # Entries that replace one of the shared index have no name here.
        base = _content(os.path.join(os.path.dirname(path), b"sharedindex." + shared))
        return [name for name in found if name] + _names(base, size)[0]
    raise AssertionError


def count_of(path: bytes) -> int:
    """Return the number of entries from an index's header; 0 if it cannot be read."""
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
        if os.fstat(descriptor).st_size > _MAX_BYTES:
            raise IndexFileError(f"more than {_MAX_BYTES} bytes")
        pieces = iter(lambda: os.read(descriptor, _MAX_BYTES), b"")
        data = b"".join(piece for piece, _ in zip(pieces, range(64), strict=False))
    finally:
        os.close(descriptor)
    return data


def _names(data: bytes, size: int) -> tuple[list[bytes], int]:
    """Return the names, and the offset of the end of the entries."""
    version = int.from_bytes(data[4:8], "big")
    count = int.from_bytes(data[8:_HEADER], "big")
    if data[:4] != _SIGNATURE or version not in _VERSIONS:
        raise IndexFileError(f"unknown index version {version}")
    if count > _MAX_NAMES:
        raise IndexFileError(f"{count} names, more than {_MAX_NAMES}")
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
            raise IndexFileError("a name is longer than its length field says")
        found.append(data[begin:end])
        at += (end - at + 8) & ~7  # at least one NUL, up to a multiple of eight bytes
    return found, at


def _compressed_names(data: bytes, size: int, count: int) -> tuple[list[bytes], int]:
    found, at, flags_at, name = [], _HEADER, _STATUS + size, b""
    for _ in range(count):
        flags = data[at + flags_at] << 8 | data[at + flags_at + 1]
        at += flags_at + (4 if flags & _EXTENDED else 2)
        removed, at = _number(data, at)
        end = data.index(0, at)
        if removed > len(name):
            raise IndexFileError("a name removes more bytes from the previous name than it has")
        name = name[: len(name) - removed] + data[at:end]
        if flags & _LONG != min(len(name), _LONG):
            raise IndexFileError("a name is not as long as its length field says")
        found.append(name)
        at = end + 1
    return found, at


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length number, seven bits a byte; return it and the offset of its end."""
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | data[at] & 0x7F
        if value > sys.maxsize:
            raise IndexFileError("a number is too large")
    return value, at + 1


def _shared(data: bytes, at: int, size: int) -> bytes | None:
    """Return the hash of a split index's shared index, in hexadecimal; None if it is not split."""
    for name, begin, end in _extensions(data, at, size):
        if name == _SHARED:
            hash_ = data[begin : min(begin + size, end)]
            return None if not hash_.strip(b"\0") else hash_.hex().encode()
    return None


def _extensions(data: bytes, at: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each extension, and the offsets of its beginning and end."""
    while at + 8 <= len(data) - size:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        yield name, at + 8, at + 8 + length
        at += 8 + length
    if at != len(data) - size:
        raise IndexFileError("the extensions do not end at the checksum")
