"""The content of a stored history: frames with checksums; no I/O.

A file is a magic line and frames.  Each frame is a head (kind, length of the payload, checksum of
the payload, checksum of the head) and a payload:

- `I`, first and only once: whose history it is, a JSON object;
- `C`: paths that changed, oldest first, each with its sequence, and with what is known of when it
  came into being or vanished (see Lifetimes), 0 if nothing is;
- `R`: records of directories, by prefix; a directory may have none any longer;
- `S`: the rest, a JSON object.  It makes the frames before it valid, and so ends a transaction.

What follows the last `S` is ignored, if it is whole frames and perhaps the beginning of one: the
process ended while it was writing.  Anything else is damage.  Numbers are in the order of bytes of
the machine.

`json` is imported when it is needed: a client that starts a daemon waits for its imports.
"""

import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple
from zlib import crc32

MAGIC = b"fsmond history 2\n"
_IDENTITY, _CHANGES, _RECORDS, _STATE = b"I", b"C", b"R", b"S"
_HEAD = struct.Struct("=cII")
_SUM = struct.Struct("=I")
_HEAD_SIZE = _HEAD.size + _SUM.size
_AT_ONCE = 4096  # items in a frame; writing it takes the interpreter less than a millisecond
_NONE = 0xFFFFFFFF  # the length of a record that is none

Fields = dict[str, object]

# Signatures of files are made by Python's `hash`, which other versions may define differently.
LAYOUT = f"{sys.byteorder} {hash((1, 2**40, 3))}"


class DamagedError(Exception):
    """The content is not what was written."""


class Stored(NamedTuple):
    """What a file holds."""

    identity: Fields
    state: Fields
    sequences: dict[bytes, int]
    """The sequence of each path's last change, oldest first."""
    lifetimes: dict[bytes, int]
    """What is known of when some of the paths came into being, or vanished."""
    records: dict[bytes, bytes]
    size: int
    """Bytes of the file up to the end of its last transaction."""


def beginning(identity: Mapping[str, object]) -> bytes:
    """Return how a file of this tree begins."""
    return MAGIC + _frame(_IDENTITY, _json({"layout": LAYOUT, **identity}))


def changes(
    paths: Sequence[bytes], sequences: Sequence[int], lifetimes: Sequence[int]
) -> Iterator[bytes]:
    """Yield frames with these paths, oldest first, and the numbers of each."""
    for at in range(0, len(paths), _AT_ONCE):
        numbers = array("q", sequences[at : at + _AT_ONCE])
        count = len(numbers)
        numbers.extend(lifetimes[at : at + _AT_ONCE])
        names = b"\0".join(paths[at : at + _AT_ONCE])
        yield _frame(_CHANGES, numbers.tobytes() + names, count)


def records(found: Mapping[bytes, bytes | None]) -> Iterator[bytes]:
    """Yield frames with these records, by prefix; None removes one."""
    items = iter(found.items())
    while some := dict(islice(items, _AT_ONCE)):
        bodies = [each or b"" for each in some.values()]
        sizes = array("I", [_NONE if each is None else len(each) for each in some.values()])
        names = b"\0".join(some)
        sizes.append(len(names))
        yield _frame(_RECORDS, b"".join((sizes.tobytes(), names, *bodies)), len(some))


def end(state: Mapping[str, object]) -> bytes:
    """Return the frame that ends a transaction."""
    return _frame(_STATE, _json(state))


def decode(data: bytes) -> Stored:
    """Read the content of a file; raise DamagedError if it is not what was written."""
    _refuse_other_version(data)
    identity: Fields | None = None
    state: Fields = {}
    content = _Content()
    size = 0
    pending: list[tuple[bytes, bytes]] = []
    for kind, payload, at in _frames(data):
        if kind == _STATE:
            for each, part in pending:
                content.take(each, part)
            pending.clear()
            state, size = _object(payload), at
        elif kind == _IDENTITY and identity is None:
            identity = _object(payload)
        elif kind in (_CHANGES, _RECORDS):
            pending.append((kind, payload))
        else:
            raise DamagedError(f"it is damaged: unknown frame {kind!r}")
    if identity is None or not size:
        raise DamagedError("it is incomplete")
    if identity.pop("layout", None) != LAYOUT:
        raise DamagedError("it was written by a Python whose signatures differ")
    return Stored(identity, state, content.sequences, content.lifetimes, content.records, size)


def _refuse_other_version(data: bytes) -> None:
    if not data.startswith(MAGIC):
        name = MAGIC[: MAGIC.rindex(b" ")]
        known = data.startswith(name) and data[len(name) :].partition(b"\n")[0].strip().isdigit()
        raise DamagedError("it has another version" if known else "it is damaged: not a history")


def _frame(kind: bytes, payload: bytes, count: int | None = None) -> bytes:
    if count is not None:
        payload = _SUM.pack(count) + payload
    head = _HEAD.pack(kind, len(payload), crc32(payload))
    return b"".join((head, _SUM.pack(crc32(head)), payload))


def _frames(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield the kind and payload of each whole frame, and where it ends."""
    at = len(MAGIC)
    while at + _HEAD_SIZE <= len(data):
        kind, length, checksum = _HEAD.unpack_from(data, at)
        if _SUM.unpack_from(data, at + _HEAD.size)[0] != crc32(data[at : at + _HEAD.size]):
            raise DamagedError(f"it is damaged at byte {at}")
        at += _HEAD_SIZE
        payload = data[at : at + length]
        if len(payload) < length:
            return  # the process ended while it was written
        if crc32(payload) != checksum:
            raise DamagedError(f"it is damaged after byte {at}")
        at += length
        yield kind, payload, at


class _Content:
    """What the frames hold, each taken in its turn."""

    def __init__(self) -> None:
        self.sequences: dict[bytes, int] = {}
        self.lifetimes: dict[bytes, int] = {}
        self.records: dict[bytes, bytes] = {}

    def take(self, kind: bytes, payload: bytes) -> None:
        """Add a frame; raise DamagedError if it is not what was written."""
        try:
            count, rest = _SUM.unpack_from(payload)[0], _SUM.size
            (self._take_changes if kind == _CHANGES else self._take_records)(count, payload[rest:])
        except (IndexError, ValueError, struct.error) as error:
            raise DamagedError(f"it is damaged: {error}") from error

    def _take_changes(self, count: int, payload: bytes) -> None:
        numbers = array("q")
        numbers.frombytes(payload[: 2 * 8 * count])
        paths = payload[2 * 8 * count :].split(b"\0")
        if self.sequences:
            for path in paths:
                self.sequences.pop(path, None)  # it moves to the end
        self.sequences.update(zip(paths, numbers[:count], strict=True))
        known = zip(paths, numbers[count:], strict=True)
        self.lifetimes.update((path, since) for path, since in known if since)

    def _take_records(self, count: int, payload: bytes) -> None:
        sizes = array("I")
        rest = 4 * (count + 1)
        sizes.frombytes(payload[:rest])
        length = sizes.pop()
        prefixes = payload[rest : rest + length].split(b"\0")
        rest += length
        for prefix, size in zip(prefixes, sizes, strict=True):
            if size == _NONE:
                self.records.pop(prefix, None)
            else:
                self.records[prefix] = payload[rest : rest + size]
                rest += size


def _json(fields: Mapping[str, object]) -> bytes:
    import json

    return json.dumps(fields).encode()


def _object(payload: bytes) -> Fields:
    import json

    try:
        found = json.loads(payload)
    except (RecursionError, ValueError) as error:
        raise DamagedError(f"it is damaged: {error}") from error
    if not isinstance(found, dict):
        raise DamagedError("it is damaged: not a JSON object")
    return found
