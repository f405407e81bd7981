"""The tokens that are given before the tree is covered, and what has to be known for them.

The tree's own times tell what changed since the start: a file that changed has a new one, and so
has its directory if a name came or went; a directory that was moved has one, too, and the two from
and to which it was moved.
"""

from fsmond.index.tree import Look

_MOST = 100_000  # paths that are remembered; if more changed meanwhile, all may have


class Early:
    """What changed between the start and the making of the index."""

    def __init__(self) -> None:
        self._changed: list[bytes] = []
        self._stirred: set[bytes] = set()
        self._moved: set[bytes] = set()
        self._unknown = False

    def take(self, look: Look) -> None:
        """See what changed in one directory; those above it have to be taken before."""
        prefix = look.prefix
        above = prefix[: prefix.rfind(b"/", 0, -1) + 1]
        if above in self._moved or (look.stirred and above in self._stirred and prefix):
            self._moved.add(prefix)
        if look.stirred:
            self._stirred.add(prefix)
        if look.stirred or prefix in self._moved:
            self._changed.append(prefix)
            self._changed += [each.path for each in look.differences]
        else:
            self._changed += look.recent
        if len(self._changed) > _MOST:
            self._unknown = True
            self._changed.clear()

    def changed(self) -> list[bytes] | None:
        """Return what changed since the start; None if that can't be said."""
        # What went from the root has left no name behind, and no directory to be named for it.
        return None if self._unknown or b"" in self._stirred else self._changed
