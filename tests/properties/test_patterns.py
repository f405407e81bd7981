"""The patterns that clients give, for arbitrary patterns and paths."""

import os
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from support.systems import needs_names_of_any_bytes

from fsmond.filters.patterns import PatternError, Patterns

steadily = settings(derandomize=True, deadline=None, max_examples=300)

_SPECIAL = re.compile(rb"([*?\[\]\\!# \t\r])")
_ODD = [b"*", b"**", b"?", b"[", b"]", b"[!a]", b"[[:alpha:]]", b"\\", b"!", b"#", b" ", b"/", b"a"]

names = st.one_of(
    st.binary(min_size=1, max_size=6).map(lambda name: re.sub(rb"[\0/]", b"x", name)),
    st.lists(st.sampled_from([*b"ab*?[]\\!# \n\r\t\xa0\x85\xc3\xff"]), min_size=1, max_size=4).map(
        bytes
    ),
)
paths = st.lists(names, min_size=1, max_size=5).map(b"/".join)
patterns = st.one_of(
    st.text(max_size=8),
    st.lists(st.sampled_from(_ODD), max_size=8).map(lambda parts: os.fsdecode(b"".join(parts))),
)


def literally(path: bytes) -> str:
    """Return a pattern that matches only this path."""
    return os.fsdecode(b"/" + _SPECIAL.sub(rb"\\\1", path))


@given(patterns, st.lists(paths))
@steadily
def test_a_pattern_works_or_is_refused(pattern: str, changed: list[bytes]) -> None:
    """A client may send anything."""
    try:
        included, excluded = Patterns([pattern], []), Patterns([], [pattern])
    except PatternError:
        return
    for path in [*changed, *(path + b"/" for path in changed)]:
        assert included.accepts(path) in (True, False)
        assert excluded.accepts(path) in (True, False)


@given(patterns, st.lists(paths, max_size=4))
@steadily
def test_a_directory_is_accepted_if_anything_below_it_is(
    pattern: str, changed: list[bytes]
) -> None:
    """It may be all that is reported of a change below it."""
    try:
        included = Patterns([pattern], [])
    except PatternError:
        return
    for path in changed:
        above = [path[: at + 1] for at in range(len(path)) if path[at : at + 1] == b"/"]
        if included.accepts(path):
            assert all(map(included.accepts, above))


@needs_names_of_any_bytes
@given(paths.filter(lambda path: b"\n" not in path), paths)
@steadily
def test_an_escaped_path_matches_itself_and_what_is_below_it(path: bytes, other: bytes) -> None:
    """Whatever bytes it has."""
    excluded, included = Patterns([], [literally(path)]), Patterns([literally(path)], [])

    assert not excluded.accepts(path)
    assert not excluded.accepts(path + b"/" + other)
    assert excluded.accepts(path + b"\n")
    assert included.accepts(path + b"/" + other)
    if not f"{os.fsdecode(other)}/".startswith(f"{os.fsdecode(path)}/"):
        assert excluded.accepts(other)
        assert not included.accepts(other)


@given(paths)
@steadily
def test_what_is_excluded_is_not_included_again_below(path: bytes) -> None:
    """As in gitignore files."""
    excluded = Patterns([], ["top", "!**", "top"])

    assert not excluded.accepts(b"top/" + path)
