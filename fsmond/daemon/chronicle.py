"""Put what changed into the journal, by all the names it has."""

import stat
import time
from collections.abc import Collection, Iterable
from itertools import islice

from fsmond.index.links import Links
from fsmond.index.status import lstat
from fsmond.index.tree import Index
from fsmond.journal.history import Journal

_MOST = 100_000  # new names, roughly, that are remembered until the index knows them
_AT_ONCE = 250  # names between two looks at the clock; half a millisecond
_LOW = 0xFFFFFFFF  # of an inode's number, what the index keeps


class Chronicle:
    """Not thread-safe, its owner holds a lock.

    A file that has several names changes under all of them, and an event tells one.  Of a name
    that came nobody tells whether it is that of a new file: it has to be looked at.
    """

    def __init__(self, root: bytes, index: Index, journal: Journal) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._index = index
        self._journal = journal
        self._links = Links()
        self.new: dict[bytes, None] = {}
        """Names that came, and were not looked at yet."""
        # Names that came, with their inodes, as long as the index may not know them.
        self._recent = _Recent()
        self._before = _Recent()  # those of which it will, when it is brought up to date

    def record(self, paths: Collection[bytes]) -> None:
        """Note that these changed now; if there are none, it stays as it is."""
        if not paths:
            return
        if self._links:
            others = self._links.others(paths)
            if others:
                paths = dict.fromkeys([*others, *paths])
        self._journal.record(paths)

    def note_new(self, paths: Iterable[bytes]) -> None:
        """Take notice of names that came."""
        self.new.update(dict.fromkeys(paths))

    def look_at_new(self, deadline: float, *, indexed: bool) -> bool:
        """Look at names that came; False if that can't be done, or not by `deadline`.

        That is in seconds of time.monotonic.  It can't be if one is of a file whose other names
        are not known yet.
        """
        linked: dict[bytes, int] = {}
        pending = iter(list(self.new))
        while names := list(islice(pending, _AT_ONCE)):
            linked |= self._look_at(names)
            if time.monotonic() > deadline:
                break
        if linked:
            self._link(linked)
        if not (indexed and self._knows_recent):
            self.note_new(linked)  # once more, when it can be known
        return not self.new

    def look_ahead(self, deadline: float) -> bool:
        """Look at names that came before anybody asks; say whether that is done.

        It is of use only if the index is whole.
        """
        return not (self.new and self._knows_recent) or self.look_at_new(deadline, indexed=True)

    @property
    def _knows_recent(self) -> bool:
        return self._recent.is_whole and self._before.is_whole

    def _look_at(self, names: Collection[bytes]) -> dict[bytes, int]:
        """Remember the inodes of these; return those that have other names as well."""
        linked = {}
        base, inodes = self._base, self._recent.inodes
        for path in names:
            try:
                status = lstat(base + path)
            except OSError:
                continue  # gone since; what it was can't be told any more
            inodes[path] = inode = status.st_ino & _LOW
            if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                linked[path] = inode
        for path in names:
            del self.new[path]
        self._recent.trim()
        return linked

    def begin_generation(self) -> None:
        """Take notice that the index is brought up to date, as of now."""
        self._before.update(self._recent)
        self._recent = _Recent()

    def end_generation(self) -> None:
        """Take notice that this is done."""
        self._before = _Recent()

    def relink(self, named: Collection[tuple[int, bytes]], changed: Collection[bytes]) -> None:
        """Take the names that the index knows; note what changed by its other names, too."""
        inodes = {inode for inode, _ in named}
        links = Links([*named, *self._before.named(inodes), *self._recent.named(inodes)])
        for path in [*self._before.inodes, *self._recent.inodes]:
            inode = self._links.inode(path)
            if inode is not None:
                links.add(inode, self._links.others((path,)))
        self._links = links
        self.record(links.others(changed))

    def _link(self, linked: dict[bytes, int]) -> None:
        """Find the other names of these files, and note that they changed as well."""
        inodes = set(linked.values())
        names: dict[int, set[bytes]] = {}
        for inode, path in [
            *self._index.named(inodes),
            *self._before.named(inodes),
            *self._recent.named(inodes),
        ]:
            names.setdefault(inode, set()).add(path)
        for inode, paths in names.items():
            if len(paths) > 1:
                self._links.add(inode, paths)
        self.record(self._links.others(linked))


class _Recent:
    """Names and their inodes, in bounded number."""

    def __init__(self) -> None:
        self.inodes: dict[bytes, int] = {}
        self.is_whole = True
        """Whether none was dropped."""

    def trim(self) -> None:
        if len(self.inodes) > _MOST:
            self.inodes.clear()
            self.is_whole = False

    def update(self, other: "_Recent") -> None:
        self.inodes.update(other.inodes)
        self.is_whole = self.is_whole and other.is_whole
        self.trim()

    def named(self, inodes: set[int]) -> list[tuple[int, bytes]]:
        return [(inode, path) for path, inode in self.inodes.items() if inode in inodes]
