"""The parts of a pattern that pathspec reads in another way than Git.

pathspec knows no POSIX classes, and takes a `/` in brackets for the end of a directory's name; in
Git it is part of the expression, and matches nothing.  pathspec also takes an escaped `/` for the
end of a name, and removes white space from the end of a pattern, for which it takes some bytes of
UTF-8 as well.  So all is taken out that has no meaning for directories.
"""

import re
import string
from collections.abc import Iterable

# As in Git, where white space does not include vertical tab and form feed.
_POSIX = {
    b"alpha": string.ascii_letters,
    b"digit": string.digits,
    b"alnum": string.ascii_letters + string.digits,
    b"upper": string.ascii_uppercase,
    b"lower": string.ascii_lowercase,
    b"space": " \t\n\r",
    b"blank": " \t",
    b"punct": string.punctuation,
    b"xdigit": string.hexdigits,
    b"cntrl": "".join(map(chr, [*range(32), 127])),
    b"graph": "".join(map(chr, range(33, 127))),
    b"print": "".join(map(chr, range(32, 127))),
}
_PLACEHOLDER = b"\0"  # no pattern has one
_PLAIN = frozenset(b"*/" + string.ascii_letters.encode() + string.digits.encode())
_STARS = re.compile(rb"(?<![^/])\*{3,}(?![^/])")  # as a name; the same as two to Git
_ANY = re.compile(rb"(?<![^/])\*{2,}\Z")
_UPPER = frozenset(string.ascii_uppercase.encode())
_SLASH = ord("/")


class Classes:
    """Takes these parts out of a pattern, and puts them into its regular expression."""

    def __init__(self, pattern: bytes, *, ignore_case: bool = False) -> None:
        """Read a pattern; raise ValueError if it can never match."""
        self._found: list[bytes] = []
        text, at = bytearray(), 0
        while at < len(pattern):
            if pattern[at] in _PLAIN:
                text.append(pattern[at])
                at += 1
                continue
            source, at = _part(pattern, at, ignore_case=ignore_case)
            if source == b"/" and not text:
                raise ValueError("no path begins with a slash")
            if source == b"/" and _ANY.search(text):
                source = b"/*/"  # this slash does not let `**` match no directory
            if not source.startswith(b"/"):
                self._found.append(source)
                source = _PLACEHOLDER
            text += source
        self.pattern = _STARS.sub(b"**", text)
        """The pattern without them."""

    def put_into(self, source: bytes) -> bytes:
        """Return a regular expression that was made of the pattern, with them."""
        found = iter(self._found)
        return re.sub(_PLACEHOLDER, lambda _: next(found), source)


def _part(pattern: bytes, at: int, *, ignore_case: bool) -> tuple[bytes, int]:
    """Return a regular expression for what begins here, and where it ends."""
    each = pattern[at : at + 1]
    if each == b"?":
        return b"[^/]", at + 1
    if each == b"[":
        chosen, at = _expression(pattern, at + 1, ignore_case=ignore_case)
        return b"[%b]" % b"".join(b"\\x%02x" % byte for byte in chosen) if chosen else b"(?!)", at
    byte, end = _byte(pattern, at)
    if end == at + 2 and ignore_case and byte in _UPPER:
        raise ValueError("Git compares it with names in lower case")
    return re.escape(bytes([byte])), end


def _expression(pattern: bytes, at: int, *, ignore_case: bool) -> tuple[list[int], int]:
    """Return the bytes that an expression matches, and where it ends; it begins after the `[`.

    Where case is ignored, names are in lower case, and so are these bytes.
    """
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    chosen: set[int] = set()
    last, first = None, True
    while first or pattern[at : at + 1] != b"]":
        first = False
        name, end = _class(pattern, at)
        if name is not None:
            chosen |= _with_lower(map(ord, _POSIX[name]), ignore_case=ignore_case)
            last, at = None, end
            continue
        is_range = (
            pattern[at : at + 1] == b"-"
            and last is not None
            and pattern[at + 1 : at + 2] not in (b"", b"]")
        )
        byte, at = _byte(pattern, at + is_range)
        if is_range and last is not None:
            chosen |= _with_lower(range(last, byte + 1), ignore_case=ignore_case)
            last = None
        else:
            chosen.add(byte)
            last = byte
    if negated:
        chosen = set(range(1, 256)) - chosen
    return sorted(chosen - {_SLASH} - (_UPPER if ignore_case else set())), at + 1


def _class(pattern: bytes, at: int) -> tuple[bytes | None, int]:
    """Return the name of a POSIX class and where it ends; None if there is none."""
    if not pattern.startswith(b"[:", at):
        return None, at
    end = pattern.find(b"]", at + 2)
    if end < 0:
        raise ValueError("an expression has no end")
    if end == at + 2 or pattern[end - 1 : end] != b":":
        return None, at  # the bracket stands for itself
    name = pattern[at + 2 : end - 1]
    if name not in _POSIX:
        raise ValueError(f"unknown class {name!r}")
    return name, end + 1


def _with_lower(chosen: Iterable[int], *, ignore_case: bool) -> set[int]:
    found = set(chosen)
    return found | set(bytes(found).lower()) if ignore_case else found


def _byte(pattern: bytes, at: int) -> tuple[int, int]:
    at += pattern[at : at + 1] == b"\\"
    if at >= len(pattern):
        raise ValueError("an expression has no end")
    return pattern[at], at + 1
