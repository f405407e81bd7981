"""Quoting, for arbitrary paths."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from fsmond.cli.query import as_lines
from fsmond.git.quoting import is_usual, quote

steadily = settings(derandomize=True, deadline=None, max_examples=200)

# Half of them consist of special bytes; otherwise few paths would need each kind of escape.
paths = st.one_of(
    st.binary(min_size=1).map(lambda path: path.replace(b"\0", b"0")),
    st.lists(st.sampled_from([bytes([each]) for each in b'\a\b\t\n\v\f\r"\\/ax07\x7f\xc3\xa9']))
    .map(b"".join)
    .filter(bool),
)

_LETTERS = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_BYTE = rb'[^"\\]|\\[0-3][0-7]{2}|\\[abtnvfr"\\]'
_QUOTED = re.compile(rb'"(?:%b)*"' % _BYTE)


def unquote(printed: bytes) -> bytes:
    """Parse a path as a program that reads Git's output does."""
    if not printed.startswith(b'"'):
        return printed
    assert _QUOTED.fullmatch(printed)
    return b"".join(_byte_of(each) for each in re.findall(_BYTE, printed[1:-1]))


def _byte_of(escape: bytes) -> bytes:
    if len(escape) == 1:
        return escape
    if len(escape) == 4:
        return bytes([int(escape[1:], 8)])
    return bytes([_LETTERS[escape[1]]])


@given(paths, st.booleans())
@steadily
def test_a_quoted_path_can_be_parsed(path: bytes, high: bool) -> None:
    """By the rules of Git's quoting alone."""
    assert unquote(quote(path, high=high)) == path


@given(paths, st.booleans())
@steadily
def test_a_quoted_path_is_one_line(path: bytes, high: bool) -> None:
    """It has no control byte and, with `high`, no byte above 127."""
    printed = quote(path, high=high)

    assert not any(byte < 0x20 or byte == 0x7F for byte in printed)
    assert printed.isascii() or not high


@given(paths)
@steadily
def test_exactly_the_usual_paths_are_not_quoted(path: bytes) -> None:
    """An answer of usual paths is printed without being split."""
    assert is_usual(path) == (quote(path, high=True) == path)


@given(st.lists(paths.filter(bytes.isascii)))
@steadily
def test_lines_are_the_paths(answer: list[bytes]) -> None:
    """One line for each path, in order, after the token's line."""
    reply = b"\0".join([b"token", *answer, b""])

    token, *lines = as_lines(reply, b"/tree").split(b"\n")

    assert token == b"token"
    assert lines.pop() == b""
    assert [unquote(line) for line in lines] == answer
