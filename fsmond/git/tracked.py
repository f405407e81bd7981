"""What Git tracks: the names in an index, read again when it has changed."""

from fsmond.git.file_state import file_state
from fsmond.git.index_names import names_in


class Tracked:
    """The names in one index; not thread-safe, its owner holds a lock.

    While the index cannot be read, everything counts as tracked.
    """

    def __init__(self, index: bytes, *, ignore_case: bool = False) -> None:
        self._index = index
        self._ignore_case = ignore_case
        self._state: tuple[int, ...] | None = None
        self._names: frozenset[bytes] | None = frozenset()
        self._folded: frozenset[bytes] = frozenset()  # in lower case, if case is ignored
        self._folders: frozenset[bytes] = frozenset()
        self._read()
        # The names that were last compared; they stay while the index cannot be read.
        self._reported: frozenset[bytes] | None = self._names

    def refresh(self) -> list[bytes]:
        """Read the index if it has changed; return the names that are new in it."""
        if not self._read() or self._names is None:
            return []
        before, self._reported = self._reported, self._names
        return [] if before is None else list(self._names - before)

    def holds(self, path: bytes) -> bool:
        """Return whether a path is tracked, or anything below one that ends in `/`.

        What is in a submodule, or in a directory that a sparse index does not list, is.
        """
        path, names = self._fold(path), self._folded
        if self._names is None or path in names or path in self._folders:
            return True
        at = path.rfind(b"/", 0, -1)
        while at > 0:
            if path[:at] in names or path[: at + 1] in names:
                return True
            at = path.rfind(b"/", 0, at)
        return path.endswith(b"/") and path[:-1] in names

    def _read(self) -> bool:
        """Read the index if it has changed; return whether it has."""
        state = file_state(self._index)
        if state == self._state and self._names is not None:
            return False
        try:
            names = frozenset(names_in(self._index))
        except (OSError, ValueError):
            self._state, self._names = None, None
            return True
        self._state, self._names = state, names
        self._folded = frozenset(map(self._fold, names)) if self._ignore_case else names
        self._folders = _folders_of(self._folded)
        return True

    def _fold(self, path: bytes) -> bytes:
        return path.lower() if self._ignore_case else path  # as Git does, ASCII only


def _folders_of(names: frozenset[bytes]) -> frozenset[bytes]:
    """Return the directories that contain these names, each with a final `/`."""
    found: set[bytes] = set()
    for name in names:
        folder = name[: name.rfind(b"/", 0, -1) + 1]
        while folder and folder not in found:
            found.add(folder)
            folder = folder[: folder.rfind(b"/", 0, -1) + 1]
    return frozenset(found)
