"""The lines of one gitignore file, applied as Git does (gitignore(5), and checked against Git).

Other than in Git, a line of more than 4096 bytes is no rule.  In `a**/b` the two `*` match no `/`,
as in git 2.55; in git 2.39 they do.

A rule matches a path itself.  What is below a directory that is left out, is left out as well, and
cannot be taken in again: whoever asks begins at the top.
"""

import re
import string
from collections.abc import Iterable
from typing import NamedTuple

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from fsmond.filters.classes import Classes

_BOM = b"\xef\xbb\xbf"
# Parts of pathspec's regular expressions.
_END = b"(?:(?P<ps_d>/)|$)"  # of the path, or below what the pattern matches
_ANY_BEFORE = b"^(?:.+/)?"  # `**/`
_ANY_WITHIN = b"(?:/.+)?"  # `/**`
_STAR = b"[^/]*"
_IN_NAME = b"\0" + string.ascii_letters.encode() + string.digits.encode()  # what else is in a name
_SPECIAL = re.compile(rb"[*?\[\\]")
_MAX_LINE = 4096  # bytes; Git has no limit, but no path is longer


class Rule(NamedTuple):
    """One line."""

    regex: re.Pattern[bytes]
    leaves_out: bool
    """False if the line begins with `!`."""
    for_directories: bool
    """Whether it matches directories only: the line ends with `/`."""
    beginning: bytes
    """How each path begins that it matches; empty if that is not known."""

    def matches(self, path: bytes, *, is_directory: bool) -> bool:
        """Return whether it matches a path, given without a final `/`, itself."""
        if self.for_directories and not is_directory:
            return False
        return self.regex.search(path) is not None


class Rules:
    """The rules of one file, the last of which that matches decides."""

    def __init__(self, rules: Iterable[Rule], *, ignore_case: bool = False) -> None:
        self._rules = list(rules)[::-1]
        # As a rule, nothing matches, and that is found out at once.
        sources = [rule.regex.pattern for rule in self._rules]
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        self._any = re.compile(b"|".join(b"(?:%b)" % each for each in sources) or b"(?!)", flags)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: bytes, *, is_directory: bool) -> bool | None:
        """Return whether a path, relative to the file's directory, is left out; None if unsaid.

        The path has no final `/`; what the rules say of the directories above it does not count.
        """
        if self._any.search(path) is None:
            return None
        for rule in self._rules:
            if rule.matches(path, is_directory=is_directory):
                return rule.leaves_out
        return None

    @classmethod
    def parse(cls, content: bytes, *, ignore_case: bool = False) -> "Rules":
        """Read a file; what Git would not take as a rule is ignored."""
        lines = content.removeprefix(_BOM).split(b"\n")
        found = (rule_of(line.removesuffix(b"\r"), ignore_case=ignore_case) for line in lines)
        return cls([rule for rule in found if rule is not None], ignore_case=ignore_case)


def rule_of(line: bytes, *, ignore_case: bool = False) -> Rule | None:
    """Return the rule that a line is; None if it is none, or can never match."""
    text = _without_trailing_spaces(line.partition(b"\0")[0])
    if not text or text.startswith(b"#") or len(text) > _MAX_LINE:
        return None
    leaves_out = not text.startswith(b"!")
    text = text.removeprefix(b"!")
    for_directories = text.endswith(b"/")
    text = text.removesuffix(b"/")
    beginning = _beginning(text)
    if not text.strip(b"/") or text.endswith(b"/"):
        return None
    try:
        classes = Classes(text, ignore_case=ignore_case)
        # Git looks for a slash before it looks for brackets.
        anchor = b"/" if b"/" in text and b"/" not in classes.pattern else b""
        source, _ = GitIgnoreSpecPattern.pattern_to_regex(anchor + classes.pattern)
    except ValueError:
        return None
    if source is None:
        return None
    source = classes.put_into(_bounded(source))
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return Rule(re.compile(source, flags), leaves_out, for_directories, beginning)


def _bounded(source: bytes) -> bytes:
    """Return a regular expression that matches the path itself, in a time that has a bound.

    What a wildcard matches is never tried again once the next wildcard is reached: its shortest
    match leaves the most to that one.  Otherwise `*a*a*a*a*a*b` could take hours.
    """
    first, *rest = source.replace(_END, rb"\Z").split(_STAR)
    for piece in rest:
        if piece.strip(_IN_NAME):
            first += _STAR + piece  # the last one in a name
        elif piece:
            first += b"(?>[^/]*?" + piece + b")"
    blocks = first.split(_ANY_WITHIN)
    last = len(blocks) - 1
    if last and blocks[0].startswith(_ANY_BEFORE):
        blocks[0] = b"^(?>(?:.+?/)??" + blocks[0].removeprefix(_ANY_BEFORE) + b"(?=/))"
    for index in range(1, last):
        blocks[index] = b"(?>(?:/.+?)??" + blocks[index] + b"(?=/))"
    if last:
        blocks[last] = _ANY_WITHIN + blocks[last]
    return b"".join(blocks)


def _beginning(text: bytes) -> bytes:
    """Return how each path begins that a pattern matches, as far as that is fixed."""
    if b"/" not in text:
        return b""  # it matches a name in any directory
    found = _SPECIAL.search(text)
    return text[: found.start() if found else None].removeprefix(b"/")


def _without_trailing_spaces(line: bytes) -> bytes:
    """Remove the spaces at the end, but not one after a backslash."""
    end = len(line)
    while end and line[end - 1 : end] == b" ":
        backslashes = end - 1 - len(line[: end - 1].rstrip(b"\\"))
        if backslashes % 2:
            break
        end -= 1
    return line[:end]
