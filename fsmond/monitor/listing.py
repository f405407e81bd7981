"""Compare restored records while the watcher lists the tree: one pass instead of two.

A directory is watched when it is listed.  So what changes in it after the comparison is reported by
events, and each directory that was listed need not be read again.
"""

from collections.abc import Iterable

from fsmond.index.tree import Comparison, Index
from fsmond.watching.contract import Listing

_MANY = 2000  # names in a directory; to compare more would hold the lock for too long


class ListingComparisons:
    """Comparisons that the watcher's listing causes; all methods need the lock.

    While it is active, no other thread uses the index.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._is_active = False
        self._since = 0
        self._compared: set[bytes] = set()
        self._found: list[Comparison] = []  # those with something to report

    def begin(self, sequence: int) -> None:
        """Compare what is listed from now on; `sequence` is the journal's."""
        self._is_active, self._since = True, sequence

    def forget(self) -> None:
        """Note that events were lost: what was compared may have changed."""
        self._compared.clear()

    def compare(self, prefix: bytes, handle: int) -> Listing | None:
        """Compare an open directory; return what is in it, or None if it is not compared now."""
        if not self._is_active or self._index.count(prefix) > _MANY:
            return None
        comparison = self._index.compare_open(prefix, handle)
        if comparison.differences or comparison.may_have_had_transient_names:
            self._found.append(comparison)
        self._compared.add(prefix)
        names = [path[len(prefix) : -1] for path, _ in comparison.subdirectories]
        return Listing(names, comparison.sample_name)

    def end(self) -> tuple[int, list[Comparison]] | None:
        """Compare no more; return what was found, and the sequence at the begin.

        Return None if nothing was compared.
        """
        self._is_active = False
        found, self._found = self._found, []
        return (self._since, found) if self._compared else None

    def missing(self, prefixes: Iterable[bytes]) -> list[bytes]:
        """Return those of these directories that have yet to be compared, and forget the others."""
        compared, self._compared = self._compared, set()
        return [each for each in prefixes if each not in compared or each not in self._index]
