"""Tests for fsmond.filters.patterns."""

import pytest
from support.systems import needs_names_of_any_bytes

from fsmond.filters.patterns import MAX_PATTERNS, PatternError, Patterns


@pytest.mark.parametrize("pattern", ["", "#x", "/", "!", "[a", "a\0b", "a\nb", "x" * 5000])
def test_a_bad_pattern_is_named(pattern: str) -> None:
    """Else it would silently match nothing."""
    with pytest.raises(PatternError, match="not a pattern: "):
        Patterns([], [pattern])
    with pytest.raises(PatternError, match="not a pattern: "):
        Patterns([pattern], [])


def test_the_number_of_patterns_is_bounded() -> None:
    """Each change is compared with each of them."""
    with pytest.raises(PatternError, match="at most"):
        Patterns(["a"] * MAX_PATTERNS, ["b"])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"a.c", True),
        (b"a.o", False),
        (b"keep.o", True),
        (b"build/", False),
        (b"build/keep.o", False),  # nothing below an excluded directory comes back
        (b"build", True),  # a file
        (b"sub/build/x/y", False),
    ],
)
def test_what_is_excluded_is_left_out(path: bytes, expected: bool) -> None:
    """As a .gitignore of these lines in the root would."""
    assert Patterns([], ["*.o", "!keep.o", "build/"]).accepts(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"src/a.py", True),
        (b"src/deep/a.py", False),
        (b"docs/deep/a.txt", True),  # below a directory that matches
        (b"docs", False),
        (b"src/", True),  # something in it may match
        (b"lib/", False),
        (b"lib/a.py", False),
    ],
)
def test_only_what_is_included_is_accepted(path: bytes, expected: bool) -> None:
    """A directory counts if anything below it could."""
    assert Patterns(["/src/*.py", "/docs/"], []).accepts(path) is expected


def test_any_directory_may_hold_a_name_that_is_included() -> None:
    """Its removal may be all that is reported of the file."""
    patterns = Patterns(["*.md"], ["node_modules/"])

    assert patterns.accepts(b"anything/")
    assert not patterns.accepts(b"node_modules/")
    assert not patterns.accepts(b"node_modules/x.md")


@needs_names_of_any_bytes
def test_names_are_bytes() -> None:
    """They need not be UTF-8, and may have line breaks."""
    patterns = Patterns(["caf\udce9*"], [])

    assert patterns.accepts(b"caf\xe9\nx")
    assert not patterns.accepts(b"cafe")


def test_many_directories_are_not_kept() -> None:
    """Memory is bounded; the decisions stay right."""
    patterns = Patterns([], ["odd*/"])

    for number in range(30_000):
        name = b"odd" if number % 2 else b"even"
        assert patterns.accepts(b"%b%d/file" % (name, number)) is (number % 2 == 0)
    assert patterns._exclude is not None
    assert len(patterns._exclude._directories) < 25_000
    assert not patterns.accepts(b"odd7/file")
