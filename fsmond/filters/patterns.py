"""The patterns that clients give, each like a line of a gitignore file at the root."""

import os
from collections.abc import Sequence

from fsmond.filters.rules import Rule, Rules, rule_of

MAX_PATTERNS = 1000
_MAX_LENGTH = 4096  # bytes
_MAX_SHOWN = 100  # characters of a pattern that a message repeats
_MAX_KEPT = 20_000  # directories whose decision is kept


class PatternError(ValueError):
    """A pattern is not valid; the message names it."""


class Patterns:
    """Include and exclude patterns; thread-safe.

    A path is excluded if a pattern leaves it, or a directory above it, out.  It is included if a
    pattern of the other kind matches it, or a directory above it.
    """

    def __init__(self, include: Sequence[str], exclude: Sequence[str]) -> None:
        """Compile the patterns; raise PatternError."""
        if len(include) + len(exclude) > MAX_PATTERNS:
            raise PatternError(f"{len(include) + len(exclude)} patterns: at most {MAX_PATTERNS}")
        self._include = _Decisions([_rule(each) for each in include]) if include else None
        self._exclude = _Decisions([_rule(each) for each in exclude]) if exclude else None

    def accepts(self, path: bytes) -> bool:
        """Return whether a path is wanted: one that ends in `/` stands for all below it, too."""
        if self._exclude is not None and self._exclude.holds(path):
            return False
        include = self._include
        return include is None or include.holds(path) or include.may_hold_below(path)


class _Decisions:
    """What some rules say of paths, including the directories above them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = Rules(rules)
        self._beginnings = [rule.beginning for rule in rules if rule.leaves_out]
        self._directories: dict[bytes, bool] = {b"": False}  # by prefix; replaced, never emptied

    def holds(self, path: bytes) -> bool:
        """Return whether the rules match a path, or a directory above it."""
        at = path.rfind(b"/", 0, -1) + 1
        above = path[:at]
        held = self._directories.get(above)
        if held is None:
            held = self._hold_directory(above)
        if held:
            return True
        name = path.removesuffix(b"/")
        return self._rules.decide(name, is_directory=len(name) < len(path)) is True

    def may_hold_below(self, path: bytes) -> bool:
        """Return whether the rules may match anything below a directory."""
        if not path.endswith(b"/"):
            return False
        return any(each.startswith(path) or path.startswith(each) for each in self._beginnings)

    def _hold_directory(self, prefix: bytes) -> bool:
        known, held, end = self._directories, False, 0
        while not held and end < len(prefix):
            end = prefix.index(b"/", end) + 1
            each = prefix[:end]
            held = known.get(each, held)
            if each not in known:
                held = self._rules.decide(each[:-1], is_directory=True) is True
                known[each] = held
        if len(known) > _MAX_KEPT:
            self._directories = {b"": False}
        known[prefix] = held
        return held


def _rule(pattern: str) -> Rule:
    """Return a pattern as a rule; raise PatternError if it can never match."""
    try:
        line = os.fsencode(pattern)
    except UnicodeEncodeError:
        line = b"\0"
    if b"\0" in line or b"\n" in line or len(line) > _MAX_LENGTH:
        raise PatternError(
            f"not a pattern: {_shown(pattern)}: it has a NUL, a line break, or is too long"
        )
    rule = rule_of(line)
    if rule is None:
        advice = "write a line of a gitignore file that can match, such as '*.o' or 'build/'"
        raise PatternError(f"not a pattern: {_shown(pattern)}: {advice}")
    return rule


def _shown(pattern: str) -> str:
    text = ascii(pattern)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
