"""The names of files that have several."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

_SEVERAL = 2  # names
_FORMER = 10_000  # former names; about 3 MB


class Links:
    """One relation of names and files, read in both directions; not thread-safe.

    A file is known by its inode, a number.  A name is a file's *own*, or a *former* one: a write by
    an open handle is told by the name with which the file was opened, also when that is gone or is
    another file's.  So a change that is told by any name of a file is one of all its own names, and
    a name may be of several files.  A former name that no handle needs does no harm: more is
    reported than has changed.

    All that changes the relation is `_put` and `_drop`, which keep the two directions in step.
    """

    def __init__(self) -> None:
        self._names: dict[int, dict[bytes, bool]] = {}  # of each file; whether it is its own
        self._files: dict[bytes, tuple[int, ...]] = {}  # the other direction
        self._former: dict[tuple[bytes, int], None] = {}  # the oldest first
        self._folders: dict[bytes, set[bytes]] = {}  # the names in each directory
        self._sorted: list[bytes] | None = None  # these directories, if none came or went since
        self.is_stale = False
        """Whether anything changed; to be reset by the owner."""

    def __bool__(self) -> bool:
        return bool(self._names)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, inode: int) -> bool:
        return inode in self._names

    def inodes(self) -> set[int]:
        """Return all files that are known."""
        return set(self._names)

    def names(self, inode: int) -> list[bytes]:
        """Return a file's own names."""
        return [path for path, is_own in self._names.get(inode, {}).items() if is_own]

    def bind(self, path: bytes, inode: int | None) -> None:
        """Take notice that the name is this file's now, and no other's; None: of none that counts.

        The file need not be known before.
        """
        for other in self._files.get(path, ()):
            if other != inode and self._names.get(other, {}).get(path):
                self._put(path, other, is_own=False)
        if inode is not None:
            self._put(path, inode, is_own=True)

    def add(self, path: bytes, inode: int) -> None:
        """Take notice that the name may be this file's now, and may be others'."""
        self._put(path, inode, is_own=True)

    def remember(self, path: bytes, inode: int) -> None:
        """Take notice that the name was that file's, and is not any more."""
        self._put(path, inode, is_own=False)

    def move(self, old: bytes, new: bytes) -> None:
        """Take notice that what had one name has the other now.

        An event may be older than what was found by the old name since: that stays as it is.
        """
        for inode in self._files.get(old, ()):
            is_own = self._names.get(inode, {}).get(old, False)
            if is_own or new not in self._names.get(inode, ()):
                self._put(new, inode, is_own=is_own)

    def renew(self, inode: int, names: AbstractSet[bytes]) -> None:
        """Take notice that these are all of a file's names; that each is its own is not sure."""
        known = self._names.get(inode)
        if known is None and len(names) < _SEVERAL:
            return  # most files that have several names have them elsewhere
        for path in self.names(inode):
            if path not in names:
                self._put(path, inode, is_own=False)
        for path in names:
            self._put(path, inode, is_own=True)
        self.tidy(inode)

    def tidy(self, inode: int) -> None:
        """Forget a file if it has no name any more, or never had more than one."""
        names = self._names.get(inode, {})
        if len(names) < _SEVERAL or not any(names.values()):
            for path in list(names):
                self._drop(path, inode)

    def others(self, paths: Collection[bytes]) -> set[bytes]:
        """Return the own names of all files that have or had a name among `paths`."""
        found = self._files.keys() & set(paths)
        inodes = {inode for path in found for inode in self._files[path]}
        return {path for inode in inodes for path in self.names(inode)}

    def any_below(self, prefix: bytes) -> bool:
        """Say whether there are names in a directory, or below it."""
        return any(True for _ in self._folders_below(prefix))

    def below(self, prefix: bytes) -> list[bytes]:
        """Return the names in a directory, and below it."""
        return [path for folder in self._folders_below(prefix) for path in self._folders[folder]]

    def all_names(self) -> set[bytes]:
        """Return all names that are any file's own."""
        return {path for inode in self._names for path in self.names(inode)}

    def _put(self, path: bytes, inode: int, *, is_own: bool) -> None:
        names = self._names.setdefault(inode, {})
        if names.get(path) is is_own:
            return
        self.is_stale = True
        if path not in names:
            files = self._files.get(path, ())
            self._files[path] = (*files, inode)
            if not files:
                self._file_away(path)
        names[path] = is_own
        if is_own:
            self._former.pop((path, inode), None)
        else:
            self._former[path, inode] = None
            if len(self._former) > _FORMER:
                self._drop(*next(iter(self._former)))

    def _drop(self, path: bytes, inode: int) -> None:
        self.is_stale = True
        names = self._names[inode]
        del names[path]
        if not names:
            del self._names[inode]
        self._former.pop((path, inode), None)
        files = tuple(other for other in self._files[path] if other != inode)
        if files:
            self._files[path] = files
        else:
            del self._files[path]
            folder = _folder(path)
            self._folders[folder].remove(path)
            if not self._folders[folder]:
                del self._folders[folder]
                self._sorted = None

    def _file_away(self, path: bytes) -> None:
        folder = _folder(path)
        if folder not in self._folders:
            self._folders[folder] = set()
            self._sorted = None
        self._folders[folder].add(path)

    def _folders_below(self, prefix: bytes) -> Iterator[bytes]:
        if self._sorted is None:
            self._sorted = sorted(self._folders)
        at = bisect_left(self._sorted, prefix)
        while at < len(self._sorted) and self._sorted[at].startswith(prefix):
            yield self._sorted[at]
            at += 1


def _folder(path: bytes) -> bytes:
    """Return the prefix of the directory that holds it."""
    return path[: path.rfind(b"/") + 1]
