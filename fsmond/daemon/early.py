"""The tokens that are given before the tree is covered, and what has to be known for them.

The tree's own times tell what changed since the start: a file that changed has a new one, and so
has its directory if a name came or went; a directory that was moved has one, too, and so have the
two from and to which it was moved.
"""

from fsmond.index.tree import Look

_MOST = 100_000  # paths that are remembered; if more changed meanwhile, all may have


class Early:
    """What changed between the start and the making of the index."""

    def __init__(self) -> None:
        self._changed: list[bytes] = []
        self._stirred: set[bytes] = set()
        self._unknown = False

    def give_up(self) -> None:
        """Take notice that times tell nothing: the clock went back, or when it began is unknown."""
        self._unknown = True

    def take(self, look: Look) -> None:
        """See what changed in one directory; those above it have to be taken before."""
        prefix = look.prefix
        self._changed += look.recent
        if look.stirred:
            self._stirred.add(prefix)
            self._changed.append(prefix)
            self._changed += [each.path for each in look.differences]
            # It may have been moved here, with things below it that have no new time; and what
            # went from the root has left no name behind, and no directory to be named for it.
            above = prefix[: prefix.rfind(b"/", 0, -1) + 1]
            self._unknown = self._unknown or not prefix or above in self._stirred
        if len(self._changed) > _MOST:
            self._unknown = True
            self._changed.clear()

    def changed(self) -> list[bytes] | None:
        """Return what changed since the start; None if that can't be said."""
        return None if self._unknown else self._changed
