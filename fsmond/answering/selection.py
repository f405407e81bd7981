"""Which of the changed paths an answer has."""

import threading
from collections.abc import Callable, Sequence

from fsmond.answering.ignored import Ignored
from fsmond.answering.questions import Wanted
from fsmond.filters.patterns import Patterns
from fsmond.index.difference import ANY_NAME

_MAX_KEPT = 10_000  # patterns of all selections; a client that waits keeps its own


class Selection:
    """Selects paths; on any thread."""

    def __init__(self, patterns: Patterns | None, ignored: Ignored | None) -> None:
        self._patterns = patterns
        self._ignored = ignored

    @property
    def needs_rules(self) -> bool:
        """Whether rules may change what is selected; see `Ignored.refresh`."""
        return self._ignored is not None

    def select(self, paths: Sequence[bytes], sequence: int) -> list[bytes] | None:
        """Return the paths that are wanted; None if everything may be.

        `sequence`: of the token since which they changed.
        """
        found: list[bytes] | None = list(paths)
        if self._patterns is not None:
            accepts = self._patterns.accepts
            found = [path for path in paths if accepts(path)]
        if self._ignored is not None:
            found = self._ignored.without(found or (), paths, sequence)
        return found


class Selections:
    """The selections of one tree, each made once; thread-safe."""

    def __init__(self, ignored: Callable[[], Ignored]) -> None:
        self._make_ignored = ignored
        self._ignored: Ignored | None = None
        self._lock = threading.Lock()  # guards `_ignored`: its making
        self._made: dict[Wanted, Selection] = {}

    def of(self, wanted: Wanted) -> Selection:
        """Return what selects the wanted paths; raise ValueError that names a bad pattern."""
        found = self._made.get(wanted)
        if found is None:
            include, exclude = wanted.include, wanted.exclude
            patterns = Patterns(include, exclude) if include or exclude else None
            found = Selection(patterns, self._rules() if wanted.gitignore else None)
            patterns_kept = sum(
                len(each.include) + len(each.exclude) + 1 for each in list(self._made)
            )
            if patterns_kept > _MAX_KEPT:
                self._made.clear()
            self._made[wanted] = found
        return found

    def refresh(self) -> None:
        """Take in rules that changed, before the changes are asked for."""
        if self._ignored is not None:
            self._ignored.refresh()

    def _rules(self) -> Ignored:
        with self._lock:
            if self._ignored is None:
                self._ignored = self._make_ignored()
            return self._ignored


def without_placeholders(paths: Sequence[bytes]) -> list[bytes]:
    """Return the paths, without the names that only stand for unknown ones, which are for Git."""
    return [path for path in paths if path.rpartition(b"/")[2] != ANY_NAME]
