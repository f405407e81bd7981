"""Put what changed into the journal, by all the names it has.

A file that has several names changes under all of them, and an event tells one.  Of a name that
came no event tells of which file it is: it has to be looked at.  The rules:

1. An event may be older than what a look finds.  But a name that stays the same file's from a
   change until the answer is that file's at each look in between, and is found by one: the index
   has it, or it came since and is looked at before the answer.  What came or went in between is
   reported by its own event.
2. A look says which file has the name now.  That the name was another file's before is kept (see
   `Links`): events that were queued before the look, or come by an open handle, are about that one.
3. Files of which a name came, and that are not known to have several, are searched for in the
   index, and no answer is given before that is done.  The index knows the lower half of an inode's
   number, so what it says is looked at before it is believed.
4. Names that came since the index was brought up to date are kept with their inodes.  If there are
   too many, all is answered with "everything" until the index knows them, and then the other names
   of all files with several are reported.
"""

import errno
import stat
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from fsmond.daemon.paths import is_within
from fsmond.index.links import Links
from fsmond.index.status import Status, lstat
from fsmond.index.tree import Index
from fsmond.journal.history import KEEP, Journal

_MOST = 100_000  # new names, roughly, that are remembered until the index knows them
_WAITING = KEEP  # names that wait to be looked at; the journal keeps no more either
_AT_ONCE = 250  # names between two looks at the clock; half a millisecond
_FEW = 50  # names of one file that are looked at without a look at the clock
_LOW = 0xFFFFFFFF  # of an inode's number, what the index keeps
# Errors that may pass, and say nothing of the file.
_PASSING = frozenset(
    {errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.EAGAIN}
)


class Chronicle:
    """Not thread-safe, its owner holds a lock."""

    def __init__(self, root: bytes, index: Index, journal: Journal) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._index = index
        self._journal = journal
        self._links = Links()
        self.new: dict[bytes, None] = {}
        """Names that came, and were not looked at yet."""
        self._hidden: dict[bytes, None] = {}  # those that could not be looked at, for now
        # Names that came, with their inodes, as long as the index may not know them.
        self._recent = _Recent()
        self._before = _Recent()  # those of which it will, when it is brought up to date
        self._unsearched: set[int] = set()  # files whose other names are to be found
        self._search: Iterator[None] | None = None
        # Directories with such files that changed, and those that moved from one path to the other.
        self._stirred: dict[bytes, None] = {}
        self._moved: deque[tuple[bytes, bytes]] = deque()
        self._following: Iterator[None] | None = None  # of what one of them is about

    @property
    def is_due(self) -> bool:
        """Say whether `look_at_new` has anything to do."""
        # Each query asks: so no property of ours is called here.
        due = self.new or self._unsearched or self._hidden or self._stirred or self._moved
        incomplete = self._recent.misses_names or self._before.misses_names
        return bool(due or self._following or incomplete)

    def record(self, paths: Collection[bytes]) -> None:
        """Note that these changed now; if there are none, it stays as it is."""
        if not paths:
            return
        if self._links:
            others = self._links.others(paths)
            if others:
                paths = dict.fromkeys([*others, *paths])
            self._note_directories(paths)
        self._journal.record(paths)

    def note_new(self, paths: Iterable[bytes]) -> None:
        """Take notice of names that came."""
        self.new.update(dict.fromkeys(paths))
        if len(self.new) > _WAITING:
            self.new.clear()
            self._recent.misses_names = True

    def note_moved(self, old: bytes, new: bytes) -> None:
        """Take notice that what had one path has another now; a directory's end in `/`."""
        if not self._links:
            return
        if self._moved or self._following or (old.endswith(b"/") and self._links.any_below(old)):
            self._moved.append((old, new))
        elif not old.endswith(b"/"):
            self._links.move(old, new)

    def look_at_new(self, deadline: float, *, indexed: bool) -> bool:
        """Look at names that came; False if that can't be done, or not by `deadline`.

        That is in seconds of time.monotonic.  It can't be if one is of a file whose other names
        can't be known yet.
        """
        if self._hidden:
            self.note_new(self._hidden)
            self._hidden = {}
        done = self._follow(deadline) and self._look_at_all(deadline)
        if not done or self._hidden or self.misses_names:
            return False
        return not self._unsearched or (indexed and self._find_others(deadline))

    def look_ahead(self, deadline: float) -> bool:
        """Look at names that came before anybody asks; say whether that is done.

        It is of use only if the index is whole.
        """
        if not self._follow(deadline):
            return False
        if not (self.new or self._unsearched) or not self._knows_recent or self.misses_names:
            return True
        done = self._look_at_all(deadline) and self._find_others(deadline)
        return done or self.misses_names

    def begin_generation(self) -> None:
        """Take notice that the index is brought up to date, as of now."""
        self._before.update(self._recent)
        self._recent = _Recent()

    def end_generation(self) -> None:
        """Take notice that this is done, and that files with several names were found anew."""
        self._before = _Recent()

    @property
    def misses_names(self) -> bool:
        """Say whether the names of some files with several are not known, for want of room."""
        return self._recent.misses_names or self._before.misses_names

    @property
    def wants_links(self) -> bool:
        """Say whether the files with several names ought to be found anew."""
        return self.misses_names or self._links.is_stale

    def linked(self) -> set[int]:
        """Return the files that are known to have, or have had, several names."""
        return self._links.inodes()

    def relink(self, files: dict[int, set[bytes]]) -> None:
        """Take the names that the index knows of some files with several."""
        for kept in (self._before, self._recent):
            for inode, path in kept.named(files):
                files[inode].add(path)
        for inode, names in files.items():
            if self._knows_recent and inode not in self._unsearched:
                self._links.renew(inode, names)
            elif inode in self._links or len(names) > 1:
                for path in names:
                    self._links.add(path, inode)

    def relinked(self, changed: Collection[bytes]) -> None:
        """Take notice that this is done for all; note what changed by its other names, too."""
        self._links.is_stale = False
        if changed and not self._knows_recent:
            self._recent.misses_names = True  # they may be among those that were dropped
        self.record(self._links.all_names() if self.misses_names else self._links.others(changed))

    @property
    def _is_to_follow(self) -> bool:
        return bool(self._stirred or self._moved or self._following)

    @property
    def _knows_recent(self) -> bool:
        return self._recent.is_whole and self._before.is_whole

    def _look_at_all(self, deadline: float) -> bool:
        pending = iter(list(self.new))
        while names := list(islice(pending, _AT_ONCE)):
            self._look_at(names)
            if time.monotonic() > deadline:
                break
        return not self.new

    def _look_at(self, names: Collection[bytes]) -> None:
        """Find out which files these are; note that those changed that have other names as well."""
        linked = []
        base, links, inodes = self._base, self._links, self._recent.inodes
        any_linked = bool(links)
        for path in names:
            try:
                status = lstat(base + path)
            except OSError as error:
                if error.errno in _PASSING:
                    self._hidden[path] = None
                else:
                    self._forget(path)
                continue
            inodes[path] = inode = status.st_ino & _LOW
            if (any_linked or status.st_nlink > 1) and self._connect(path, inode, status):
                any_linked = True
                if inode not in self._unsearched:  # else it is noted when they are found
                    linked.append(path)
        for path in names:
            del self.new[path]
        self._recent.trim()
        self.record(links.others(linked))

    def _forget(self, path: bytes) -> None:
        """Take notice that there is no such name."""
        self._recent.inodes.pop(path, None)
        self._before.inodes.pop(path, None)
        if self._links:
            self._links.bind(path, None)

    def _connect(self, path: bytes, inode: int, status: Status) -> bool:
        """Take notice of which file has the name; say whether that has other ones, or had."""
        links = self._links
        is_linked = inode in links or status.st_nlink > 1
        if stat.S_ISDIR(status.st_mode) or not is_linked:
            links.bind(path, None)
            return False
        if inode not in links:
            if not self._knows_recent:
                self._recent.misses_names = True
                return False
            self._unsearched.add(inode)
        links.bind(path, inode)
        if status.st_nlink == 1:
            # An inode that is used again would gather names for ever.
            for other in islice(links.names(inode), _FEW):
                self._confirm(other, inode)
        return True

    def _confirm(self, path: bytes, inode: int) -> None:
        """Look whether a file has a name that it is thought to have."""
        try:
            status = lstat(self._base + path)
        except OSError as error:
            if error.errno in _PASSING:
                self._links.add(path, inode)
                return
            found = None
        else:
            found = None if stat.S_ISDIR(status.st_mode) else status.st_ino & _LOW
        # One that is another file's came, and will be looked at for that.
        self._links.bind(path, found if found is not None and found in self._links else None)
        if found != inode:
            self._links.remember(path, inode)

    def _find_others(self, deadline: float) -> bool:
        """Search for the other names of files; say whether that is done."""
        while self._unsearched:
            if self._search is None:
                if not self._knows_recent:
                    self._unsearched.clear()
                    self._recent.misses_names = True
                    return False
                self._search = self._searching(set(self._unsearched))
            if not _advance(self._search, deadline):
                return False
            self._search = None
        return True

    def _searching(self, inodes: set[int]) -> Iterator[None]:
        """Find the other names of these, and note that they changed as well, in small steps.

        What comes while this goes on is looked at by itself.
        """
        for inode, path in self._before.named(inodes) + self._recent.named(inodes):
            self._confirm(path, inode)
            yield
        for prefix in self._index.prefixes():
            for inode, path in self._index.named(prefix, inodes):
                self._confirm(path, inode)
                yield
            yield
        for inode in inodes:
            self._journal.record(self._links.names(inode))
            self._links.tidy(inode)
            self._unsearched.discard(inode)
            yield

    def _note_directories(self, paths: Iterable[bytes]) -> None:
        """Have it noted that what is in these may have changed by the names it has there.

        What changed by a name in a directory that moved is not told by that name.
        """
        for path in paths:
            is_new = path.endswith(b"/") and not is_within(path, self._stirred)
            if is_new and self._links.any_below(path):
                self._stirred[path] = None

    def _follow(self, deadline: float) -> bool:
        """Deal with directories that changed or moved; say whether that is done."""
        while self._following or self._stirred or self._moved:
            if self._following is None:
                old = new = next(iter(self._stirred), b"")
                if old:
                    del self._stirred[old]
                else:
                    old, new = self._moved.popleft()
                self._following = self._moving(old, new)
            if not _advance(self._following, deadline):
                return False
            self._following = None
        return True

    def _moving(self, old: bytes, new: bytes) -> Iterator[None]:
        names = self._links.below(old) if old.endswith(b"/") else [old]
        while some := names[-_AT_ONCE:]:
            del names[-_AT_ONCE:]
            if new != old:
                for path in some:
                    self._links.move(path, new + path[len(old) :])
            self._journal.record(self._links.others(some))
            yield


def _advance(work: Iterator[None], deadline: float) -> bool:
    """Go on with some work; say whether it is done."""
    return all(time.monotonic() <= deadline for _ in work)


class _Recent:
    """Names and their inodes, in bounded number."""

    def __init__(self) -> None:
        self.inodes: dict[bytes, int] = {}
        self.is_whole = True
        """Whether none was dropped."""
        self.misses_names = False
        """Whether some of files with several names are not known."""

    def trim(self) -> None:
        if len(self.inodes) > _MOST:
            self.inodes.clear()
            self.is_whole = False

    def update(self, other: "_Recent") -> None:
        self.inodes.update(other.inodes)
        self.is_whole = self.is_whole and other.is_whole
        self.misses_names = self.misses_names or other.misses_names
        self.trim()

    def named(self, inodes: Collection[int]) -> list[tuple[int, bytes]]:
        return [(inode, path) for path, inode in self.inodes.items() if inode in inodes]
