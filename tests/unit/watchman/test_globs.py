"""Patterns match as those of wildmatch."""

from typing import Any

import pytest

from fsmond.watchman.errors import CommandError
from fsmond.watchman.query.globs import matcher


def matches(pattern: str, name: bytes, *, whole: bool = True, **options: Any) -> bool:
    """Return whether a name matches."""
    return bool(matcher([pattern], {"case_sensitive": True, **options}, whole=whole)(name))


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*.js", b"a.js", True),
        ("*.js", b"d/a.js", False),
        ("**/*.js", b"a.js", True),
        ("**/*.js", b"d/e/a.js", True),
        ("d/**", b"d/e/a", True),
        ("d/**", b"d", False),
        ("d/*/a", b"d/e/a", True),
        ("d/*/a", b"d/e/f/a", False),
        ("[ab]", b"a", True),
        ("[!ab]", b"a", False),
        ("?", b"x", True),
        ("?", b"/", False),
        ("\\*", b"*", True),
        ("\\*", b"x", False),
        ("*", b".hidden", False),
        ("**/a", b".hidden/a", False),
        (".*", b".hidden", True),
        ("{a,b}", b"a", False),
        ("!a", b"!a", True),
        ("caf\udce9", b"caf\xe9", True),
        ("A", b"a", False),
    ],
)
def test_a_pattern_matches(pattern: str, name: bytes, *, expected: bool) -> None:
    """Of whole names: a star matches no slash, and no leading dot."""
    assert matches(pattern, name) is expected


def test_options_change_what_matches() -> None:
    """Those of the terms `match` and `imatch`, and of the generator `glob`."""
    assert matches("*", b".hidden", includedotfiles=True)
    assert matches("**/*.js", b".d/a.js", includedotfiles=True)
    assert matches("A*", b"abc", case_sensitive=False)
    assert matches("a\\b", b"a\\b", noescape=True)
    assert matches("*.js", b"d.e.js", whole=False)
    assert not matches("*", b".hidden", whole=False)


def test_no_pattern_matches_nothing() -> None:
    """An empty list is no error."""
    assert not matcher([], {"case_sensitive": True}, whole=True)(b"a")


@pytest.mark.parametrize("pattern", [5, None, "x" * 5000, ["a"]])
def test_what_is_no_pattern_is_an_error(pattern: object) -> None:
    """Also one that is too long."""
    with pytest.raises(CommandError, match="pattern"):
        matcher([pattern], {"case_sensitive": True}, whole=True)
