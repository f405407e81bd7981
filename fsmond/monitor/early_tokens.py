"""What changed since tokens that were issued before the index was built.

The times in the tree itself show what changed since the start: a changed file has a new time, and
so has a directory in which a name appeared or vanished; a moved directory has a new time, and so
have the two directories from and to which it was moved.
"""

from fsmond.index.tree import Comparison

_MAX_CHANGED = 100_000  # paths that are kept; if more changed, everything may have changed


class EarlyTokens:
    """What changed between the start and the building of the index."""

    def __init__(self) -> None:
        self._changed: list[bytes] = []
        self._changed_directories: set[bytes] = set()
        self._unknown = False

    def give_up(self) -> None:
        """Record that times prove nothing: the clock was set back, or the start is unknown."""
        self._unknown = True

    def take(self, comparison: Comparison) -> None:
        """Collect what changed in one directory; in any order."""
        prefix = comparison.prefix
        self._changed += comparison.recent
        if comparison.names_changed:
            self._changed_directories.add(prefix)
            self._changed.append(prefix)
            self._changed += [each.path for each in comparison.differences]
            # A name that vanished from the root is unknown, and the root has no path to report.
            self._unknown = self._unknown or not prefix
        if len(self._changed) > _MAX_CHANGED:
            self._unknown = True
            self._changed.clear()

    def changed(self) -> list[bytes] | None:
        """Return what changed since the start; None if that is unknown."""
        return None if self._unknown or self._may_have_moved() else self._changed

    def _may_have_moved(self) -> bool:
        """Return whether a directory may have been moved: what is below it has no new time."""
        above = {each[: each.rfind(b"/", 0, -1) + 1] for each in self._changed_directories}
        return not above.isdisjoint(self._changed_directories)
