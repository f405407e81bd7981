"""Tests for fsmond.filters.rules and classes."""

import time

import pytest

from fsmond.filters.rules import Rules, rule_of


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"#comment",
        b"  ",
        b"/",
        b"!",
        b"//",
        b"a//",
        b"!/",
        b"[a",
        b"a[[:none:]]",
        b"x\\",
        b"\\/a",
    ],
)
def test_what_can_never_match_is_no_rule(line: bytes) -> None:
    """Git takes no notice of it either."""
    assert rule_of(line) is None


@pytest.mark.parametrize(
    ("line", "path", "is_directory", "expected"),
    [
        (b"*.o", b"a.o", False, True),
        (b"*.o", b"deep/down/a.o", False, True),
        (b"*.o", b"a.oo", False, None),
        (b"/a", b"a", False, True),
        (b"/a", b"d/a", False, None),
        (b"d/a", b"d/a", False, True),
        (b"d/a", b"c/d/a", False, None),
        (b"build/", b"build", True, True),
        (b"build/", b"build", False, None),
        (b"build", b"build/x", False, None),  # the directory is left out, not what is in it
        (b"!keep", b"keep", False, False),
        (b"!#x", b"#x", False, False),
        (b"\\#x", b"#x", False, True),
        (b"!!x", b"!x", False, False),
        (b"a ", b"a", False, True),
        (b"a\\ ", b"a ", False, True),
        (b"a\t", b"a\t", False, True),
        (b"**/a", b"b/c/a", False, True),
        (b"a/**", b"a/b/c", False, True),
        (b"a/**", b"a", True, None),
        (b"a/**/b", b"a/b", False, True),
        (b"a/**/b", b"a/x/y/b", False, True),
        (b"a*b", b"a/b", False, None),
        (b"?", b"\xff", False, True),
        (b"*", b"new\nline", False, True),
        (b"[[:digit:]]x", b"7x", False, True),
        (b"[!a-c]", b"d", False, True),
        (b"[!a-c]", b"b", False, None),
        (b"[]-]", b"]", False, True),
        (b"[/[a-c]", b"a", False, True),  # the slash is part of the expression
        (b"[/]x", b"/x", False, None),
        (b"*[/]", b"d/a", False, None),  # and anchors the pattern all the same
        (b"a", b"a\n", False, None),  # a line break is no end
        (b"*.o", b"a.o\n", False, None),
        (b"caf\xc3\xa0", b"caf\xc3\xa0", False, True),  # its last byte is no white space
        (b"a\x1f", b"a\x1f", False, True),
        (b"a\0b", b"a", False, True),  # the line ends there
        (b"a\\/b", b"a/b", False, True),
        (b"a/**\\/b", b"a/b", False, None),
        (b"a/**\\/b", b"a/x/b", False, True),
        (b"a/***/b", b"a/x/y/b", False, True),  # as two of them
        (b"[[:]x", b":x", False, True),  # no class: a bracket and a colon
        (b"[[:a]x", b"[x", False, True),
        (b"[[:space:]]", b"\x0b", False, None),
        (b"[z-a]", b"b", False, None),
        (b"*a*b*c", b"xaxbxbcxc", False, True),
        (b"**/a/**/b/**/c", b"x/a/b/b/y/c", False, True),
    ],
)
def test_a_rule_matches_as_in_git(
    line: bytes, path: bytes, is_directory: bool, expected: bool | None
) -> None:
    """Each of these was tried with `git check-ignore`."""
    assert Rules.parse(line).decide(path, is_directory=is_directory) is expected


def test_the_last_rule_that_matches_decides() -> None:
    """So a general rule can have exceptions below it."""
    rules = Rules.parse(b"*.o\n!keep.o\n")

    assert rules.decide(b"a.o", is_directory=False) is True
    assert rules.decide(b"keep.o", is_directory=False) is False


def test_lines_end_as_git_reads_them() -> None:
    """A file from Windows has CRLF and a byte order mark."""
    rules = Rules.parse(b"\xef\xbb\xbfa\r\nb\r")

    assert rules.decide(b"a", is_directory=False) is True
    assert rules.decide(b"b", is_directory=False) is True


def test_case_is_ignored_on_demand() -> None:
    """As `core.ignoreCase` says."""
    assert Rules.parse(b"*.O", ignore_case=True).decide(b"a.o", is_directory=False) is True
    assert Rules.parse(b"*.O").decide(b"a.o", is_directory=False) is None


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        (b"[!a]", b"A", None),
        (b"[!A]", b"A", True),  # names are compared in lower case
        (b"[A]", b"a", None),
        (b"[A-C]", b"b", True),
        (b"[[:upper:]]", b"b", True),
        (b"\\A", b"a", None),
        (b"\\a", b"A", True),
    ],
)
def test_case_in_brackets_is_as_in_git(line: bytes, path: bytes, expected: bool | None) -> None:
    """Some expressions with upper case match nothing then."""
    rules = Rules.parse(line, ignore_case=True)

    assert rules.decide(path, is_directory=False) is expected


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"*a" * 20 + b"*b", b"a" * 200),
        (b"*" * 100 + b"b", b"a" * 200),
        (b"**/a/" * 20 + b"b", b"/".join([b"a"] * 200)),
    ],
)
def test_no_pattern_takes_long(line: bytes, path: bytes) -> None:
    """Meanwhile no other thread would run; anyone can commit such a .gitignore."""
    begin = time.process_time()

    assert Rules.parse(line).decide(path, is_directory=False) is None
    assert time.process_time() - begin < 1


def test_no_rules_say_nothing() -> None:
    """An empty file is as none."""
    assert not Rules.parse(b"\n# nothing\n")
    assert Rules.parse(b"").decide(b"a", is_directory=False) is None
