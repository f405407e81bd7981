"""How much fits into an answer, and the pieces in which it is sent."""

from collections.abc import Callable, Iterator, Sequence

from fsmond.protocol import MAX_ANSWER_BYTES, MAX_ANSWER_PATHS

_AT_ONCE = 4000  # fields that are sent at a time: a few packets
_FEW = 1000  # paths that are always within a client's limits


def fits(paths: Sequence[bytes], extra: int = 1) -> bool:
    """Return whether a client takes an answer with so many paths and `extra` bytes for each."""
    if len(paths) < _FEW:
        return True
    size = sum(map(len, paths)) + len(paths) * extra
    return len(paths) <= MAX_ANSWER_PATHS and size < MAX_ANSWER_BYTES - _FEW


def joined(fields: Sequence[bytes], end: bytes) -> Iterator[bytes]:
    """Yield the fields, each with a NUL after it, and then `end`."""
    last = (len(fields) - 1) // _AT_ONCE * _AT_ONCE
    for at in range(0, last, _AT_ONCE):
        yield b"\0".join((*fields[at : at + _AT_ONCE], b""))
    yield b"\0".join((*fields[last:], end))


def send_all_but_last(pieces: Iterator[bytes], reply: Callable[[bytes], None]) -> bytes:
    """Send all pieces but the last one; return that."""
    last = b""
    for piece in pieces:
        if last:
            reply(last)
        last = piece
    return last
