"""How much fits into an answer, and the pieces in which it is sent."""

from collections.abc import Callable, Iterator, Sequence

from fsmond.protocol import MAX_ANSWER_BYTES, MAX_ANSWER_PATHS

AT_ONCE = 1600  # fields that are sent at a time: about a packet; the allocator has it at hand
_FEW = 20_000  # paths that are within a client's limits, unless they are 6,700 bytes long each
_RESERVE = 1000  # bytes for the token, the end, and a few packets


def fits(paths: Sequence[bytes], extra: int = 1) -> bool:
    """Return whether a client takes an answer with so many paths and `extra` bytes for each."""
    if len(paths) < _FEW:
        return True
    size = sum(map(len, paths)) + len(paths) * extra
    return len(paths) <= MAX_ANSWER_PATHS and size < MAX_ANSWER_BYTES - _RESERVE


def joined(head: bytes, fields: list[bytes], end: bytes) -> Iterator[bytes]:
    """Yield `head` and the fields, each with a NUL after it, and then `end`."""
    start = [head]
    last = (len(fields) - 1) // AT_ONCE * AT_ONCE
    for at in range(0, last, AT_ONCE):
        yield b"\0".join((*start, *fields[at : at + AT_ONCE], b""))
        start = []
    yield b"\0".join((*start, *fields[last:], end))


def send_all_but_last(pieces: Iterator[bytes], reply: Callable[[bytes], None]) -> bytes:
    """Send all pieces but the last one; return that."""
    last = b""
    for piece in pieces:
        if last:
            reply(last)
        last = piece
    return last
