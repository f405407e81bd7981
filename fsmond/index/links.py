"""The names of files that have several (hard links)."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

_SEVERAL = 2  # names
_FORMER = 10_000  # former names that are kept; about 3 MB


class Links:
    """A many-to-many relation of names and files; not thread-safe.

    A file is identified by its inode number.  Each name of a file is either *own* (current) or
    *former*.  Former names are needed because the event for a write through an open handle carries
    the name with which the file was opened, even if that name is gone or belongs to another file by
    then.  So a change that is reported under any name of a file counts for all its own names, and a
    name may belong to several files.  A former name that no handle needs does no harm: it only
    causes extra paths to be reported.

    Only `_put` and `_drop` change the relation; they keep both directions consistent.
    """

    def __init__(self) -> None:
        self._names: dict[int, dict[bytes, bool]] = {}  # of each file: name → is it own?
        self._files: dict[bytes, tuple[int, ...]] = {}  # the other direction
        self._former: dict[tuple[bytes, int], None] = {}  # oldest first
        self._directories: dict[bytes, set[bytes]] = {}  # the names in each directory
        self._sorted: list[bytes] | None = None  # the keys of `_directories`, if up to date
        self.is_stale = False
        """Whether the relation changed; the owner resets it."""

    def __bool__(self) -> bool:
        return bool(self._names)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, inode: int) -> bool:
        return inode in self._names

    def inodes(self) -> set[int]:
        """Return the inodes of all known files."""
        return set(self._names)

    def names(self, inode: int) -> list[bytes]:
        """Return a file's own names."""
        return [path for path, is_own in self._names.get(inode, {}).items() if is_own]

    def bind(self, path: bytes, inode: int | None) -> None:
        """Record that the name now belongs to this file alone; None: to no file with several names.

        The file need not be known yet.
        """
        for other in self._files.get(path, ()):
            if other != inode and self._names.get(other, {}).get(path):
                self._put(path, other, is_own=False)
        if inode is not None:
            self._put(path, inode, is_own=True)

    def add(self, path: bytes, inode: int) -> None:
        """Record that the name may now belong to this file, and may belong to others as well."""
        self._put(path, inode, is_own=True)

    def add_former(self, path: bytes, inode: int) -> None:
        """Record that the name was this file's and no longer is."""
        self._put(path, inode, is_own=False)

    def move(self, old: bytes, new: bytes) -> None:
        """Record that the files with the name `old` now have the name `new`.

        The event may be older than what was found under `old` since, so `old` keeps its files.
        """
        for inode in self._files.get(old, ()):
            is_own = self._names.get(inode, {}).get(old, False)
            if is_own or new not in self._names.get(inode, ()):
                self._put(new, inode, is_own=is_own)

    def replace_names(self, inode: int, names: AbstractSet[bytes]) -> None:
        """Take these as all names of a file; it is not certain that each is its own."""
        known = self._names.get(inode)
        if known is None and len(names) < _SEVERAL:
            return  # most files with several names have the others outside the tree
        for path in self.names(inode):
            if path not in names:
                self._put(path, inode, is_own=False)
        for path in names:
            self._put(path, inode, is_own=True)
        self.prune(inode)

    def prune(self, inode: int) -> None:
        """Forget a file that has no own name, or only ever had one name."""
        names = self._names.get(inode, {})
        if len(names) < _SEVERAL or not any(names.values()):
            for path in list(names):
                self._drop(path, inode)

    def linked_names(self, paths: Collection[bytes]) -> set[bytes]:
        """Return the own names of all files that have, or had, a name among `paths`."""
        found = self._files.keys() & set(paths)
        inodes = {inode for path in found for inode in self._files[path]}
        return {path for inode in inodes for path in self.names(inode)}

    def any_below(self, prefix: bytes) -> bool:
        """Return whether any names are in a directory or below it."""
        return any(True for _ in self._directories_below(prefix))

    def below(self, prefix: bytes) -> list[bytes]:
        """Return the names in a directory and below it."""
        return [
            path for each in self._directories_below(prefix) for path in self._directories[each]
        ]

    def all_names(self) -> set[bytes]:
        """Return the own names of all files."""
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
                self._add_to_directory(path)
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
            directory = _directory_of(path)
            self._directories[directory].remove(path)
            if not self._directories[directory]:
                del self._directories[directory]
                self._sorted = None

    def _add_to_directory(self, path: bytes) -> None:
        directory = _directory_of(path)
        if directory not in self._directories:
            self._directories[directory] = set()
            self._sorted = None
        self._directories[directory].add(path)

    def _directories_below(self, prefix: bytes) -> Iterator[bytes]:
        if self._sorted is None:
            self._sorted = sorted(self._directories)
        at = bisect_left(self._sorted, prefix)
        while at < len(self._sorted) and self._sorted[at].startswith(prefix):
            yield self._sorted[at]
            at += 1


def _directory_of(path: bytes) -> bytes:
    """Return the prefix of the directory that contains the path."""
    return path[: path.rfind(b"/") + 1]
