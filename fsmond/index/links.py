"""The names of files that have several."""

from collections.abc import Collection, Iterable
from itertools import accumulate


class Links:
    """Knows the names, below one root, of the files that have more than one there.

    Not thread-safe, its owner holds a lock.  A name that went may be known for a while.
    """

    def __init__(self, pairs: Iterable[tuple[int, bytes]] = ()) -> None:
        self._names: dict[int, set[bytes]] = {}
        self._inodes: dict[bytes, int] = {}
        for inode, path in pairs:
            self._names.setdefault(inode, set()).add(path)
        for inode, names in list(self._names.items()):
            if len(names) > 1:
                self._inodes.update(dict.fromkeys(names, inode))
            else:
                del self._names[inode]

    def __bool__(self) -> bool:
        return bool(self._names)

    def add(self, inode: int, names: Collection[bytes]) -> None:
        """Take notice that one file has these names, and those it is known to have."""
        self._names.setdefault(inode, set()).update(names)
        self._inodes.update(dict.fromkeys(names, inode))

    def inode(self, path: bytes) -> int | None:
        """Return the file that has this name; None unless it is known to have several."""
        return self._inodes.get(path)

    def others(self, paths: Collection[bytes]) -> set[bytes]:
        """Return all names of the files that have several, and one of them in `paths`.

        Or below one of them: what changed by a name in a directory that moved is not told by that.
        """
        found = self._inodes.keys() & set(paths)
        folders = {path for path in paths if path.endswith(b"/")}
        if folders:
            found |= {name for name in self._inodes if not folders.isdisjoint(_above(name))}
        inodes = {self._inodes[name] for name in found}
        return {name for inode in inodes for name in self._names[inode]}


def _above(path: bytes) -> list[bytes]:
    """Return the prefixes of the directories that hold it."""
    *parts, _ = path.split(b"/")
    return [above + b"/" for above in accumulate(parts, lambda above, name: above + b"/" + name)]
