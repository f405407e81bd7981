"""Record changes in the journal, under every name of a file.

A file with several names (hard links) changes under all of them, but an event carries one name.
For a new name, no event says which file it belongs to: a check, one `lstat`, finds that out.  The
rules:

1. An event may be older than what a check finds.  But if a name belongs to the same file from a
   change until the answer, each check in between finds that, and there is at least one: the index
   has the name, or the name is new and is checked before the answer.  A name that appeared or
   vanished in between is reported by its own event.
2. A check finds the file that has the name now.  That the name belonged to another file before is
   kept (see `Links`): events queued before the check, or caused through an open handle, are about
   that file.
3. If a file has a new name and is not known to have several, its other names are searched for in
   the index, and no answer is given before that is done.  The index has only the lower half of an
   inode number, so each name that it finds is checked.
4. New names are kept with their inodes until the index has them.  If there are too many, the answer
   is "everything" until the index has them, and then the other names of all files with several
   are reported.
"""

import errno
import stat
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice

from fsmond.index.links import Links
from fsmond.index.status import Status, lstat
from fsmond.index.tree import Index
from fsmond.journal.history import KEEP, Journal
from fsmond.paths import is_within

_MAX_RECENT = 100_000  # new names, roughly, that are kept until the index has them
_MAX_PENDING = KEEP  # new names that wait for a check; the journal keeps no more either
_AT_ONCE = 250  # names between two readings of the clock; half a millisecond
_FEW = 50  # names of one file that are checked without reading the clock
_INODE_MASK = 0xFFFFFFFF  # the part of an inode number that the index keeps
# Errors that may go away, and say nothing about the file.
_TRANSIENT = frozenset(
    {errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.EAGAIN}
)


class ChangeRecorder:
    """Records changes under every name of a file; not thread-safe, its owner holds a lock."""

    def __init__(self, root: bytes, index: Index, journal: Journal) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._index = index
        self._journal = journal
        self._links = Links()
        self.on_linked: Callable[[Mapping[int, bytes]], None] = lambda _: None
        """Called with a path of each file that has several names, by inode."""
        self.new_names: dict[bytes, None] = {}
        """New names that were not checked yet."""
        self._to_retry: dict[bytes, None] = {}  # names whose check failed, for now
        # New names with their inodes, until the index has them.
        self._recent = _RecentNames()
        self._previous = _RecentNames()  # those that the refresh under way adds to the index
        self._unsearched: set[int] = set()  # inodes of files whose other names are not found yet
        self._search: Iterator[None] | None = None
        # Directories with hard links: those that changed, and moves from one path to another.
        self._changed_directories: dict[bytes, None] = {}
        self._moves: deque[tuple[bytes, bytes]] = deque()
        self._directory_work: Iterator[None] | None = None  # the steps for one of them

    @property
    def is_due(self) -> bool:
        """Whether `check_new_names` has anything to do; any thread."""
        # Each query reads this, so it avoids the calls of other properties.
        names = self.new_names or self._unsearched or self._to_retry
        directories = self._changed_directories or self._moves or self._directory_work
        incomplete = self._recent.misses_names or self._previous.misses_names
        return bool(names or directories or incomplete)

    def record(self, paths: Collection[bytes]) -> None:
        """Record that these paths changed now; do nothing if there are none."""
        if not paths:
            return
        if self._links:
            others = self._links.linked_names(paths)
            if others:
                paths = dict.fromkeys([*others, *paths])
            self._note_directories(paths)
        self._journal.record(paths)

    def note_new(self, paths: Iterable[bytes]) -> None:
        """Record names that appeared, to be checked."""
        self.new_names.update(dict.fromkeys(paths))
        if len(self.new_names) > _MAX_PENDING:
            self.new_names.clear()
            self._recent.misses_names = True

    def note_elsewhere(self, files: Mapping[int, bytes]) -> None:
        """Record that files changed under names outside of the tree: a path of each, by inode.

        If that is not a file's name any longer, its names are searched for before the next answer.
        """
        for inode, path in files.items():
            if inode in self._links:
                self.record(self._links.names(inode))
            elif self._has(path, inode):  # its only name here, or links would have it
                self.record((path,))
            else:
                self._links.add_former(path, inode)
                self._unsearched.add(inode)

    def note_moved(self, old: bytes, new: bytes) -> None:
        """Record a move from one path to another; the paths of directories end in `/`."""
        if not self._links:
            return
        if (
            self._moves
            or self._directory_work
            or (old.endswith(b"/") and self._links.any_below(old))
        ):
            self._moves.append((old, new))
        elif not old.endswith(b"/"):
            self._links.move(old, new)

    def check_new_names(self, deadline: float, *, indexed: bool) -> bool:
        """Check new names; return False if that cannot be completed, or not by `deadline`.

        The deadline is in seconds of time.monotonic.  The check cannot be completed if the other
        names of a file cannot be known yet.
        """
        if self._to_retry:
            self.note_new(self._to_retry)
            self._to_retry = {}
        done = self._process_directories(deadline) and self._check_all(deadline)
        if not done or self._to_retry or self.misses_names:
            return False
        return not self._unsearched or (indexed and self._find_others(deadline))

    def check_ahead(self, deadline: float) -> bool:
        """Check new names before the next query; return whether that is done.

        Useful only if the index is built.
        """
        if not self._process_directories(deadline):
            return False
        if (
            not (self.new_names or self._unsearched)
            or not self._knows_all_recent
            or self.misses_names
        ):
            return True
        done = self._check_all(deadline) and self._find_others(deadline)
        return done or self.misses_names

    def begin_generation(self) -> None:
        """Note that a refresh of the index begins."""
        self._previous.update(self._recent)
        self._recent = _RecentNames()

    def end_generation(self) -> None:
        """Note that the refresh is done, and files with several names were searched again."""
        self._previous = _RecentNames()

    @property
    def misses_names(self) -> bool:
        """Whether names of files with several are unknown, as too many were new; any thread."""
        return self._recent.misses_names or self._previous.misses_names

    @property
    def needs_relink(self) -> bool:
        """Whether the files with several names should be searched again."""
        return self.misses_names or self._links.is_stale

    def linked_inodes(self) -> set[int]:
        """Return the inodes of files that are known to have, or to have had, several names."""
        return self._links.inodes()

    def relink(self, files: dict[int, set[bytes]]) -> None:
        """Take the names that the index has of some files with several; this adds to `files`."""
        self.on_linked({inode: next(iter(names)) for inode, names in files.items() if names})
        for kept in (self._previous, self._recent):
            for inode, path in kept.named(files):
                files[inode].add(path)
        for inode, names in files.items():
            if self._knows_all_recent and inode not in self._unsearched:
                # A name that an event gave it is newer than the index, even if not checked yet.
                names.update(path for path in self._links.names(inode) if path in self.new_names)
                self._links.replace_names(inode, names)
            elif inode in self._links or len(names) > 1:
                for path in names:
                    self._links.add(path, inode)

    def finish_relink(self, changed: Collection[bytes]) -> None:
        """Note that all files were relinked; record `changed` under the other names too."""
        self._links.is_stale = False
        if changed and not self._knows_all_recent:
            self._recent.misses_names = True  # their names may be among those that were dropped
        self.record(
            self._links.all_names() if self.misses_names else self._links.linked_names(changed)
        )

    @property
    def _knows_all_recent(self) -> bool:
        return self._recent.is_complete and self._previous.is_complete

    def _check_all(self, deadline: float) -> bool:
        pending = iter(list(self.new_names))
        while names := list(islice(pending, _AT_ONCE)):
            self._check(names)
            if time.monotonic() > deadline:
                break
        return not self.new_names

    def _check(self, names: Collection[bytes]) -> None:
        """Find out which files have these names; record changes under their other names."""
        linked = []
        base, links, inodes = self._base, self._links, self._recent.inodes
        any_linked = bool(links)
        for path in names:
            try:
                status = lstat(base + path)
            except OSError as error:
                if error.errno in _TRANSIENT:
                    self._to_retry[path] = None
                else:
                    self._forget(path)
                continue
            inodes[path] = inode = status.st_ino & _INODE_MASK
            if (any_linked or status.st_nlink > 1) and self._bind(path, inode, status):
                any_linked = True
                if inode not in self._unsearched:  # else its names are recorded when they are found
                    linked.append(path)
        for path in names:
            del self.new_names[path]
        self._recent.trim()
        self.record(links.linked_names(linked))

    def _forget(self, path: bytes) -> None:
        """Record that the name does not exist."""
        self._recent.inodes.pop(path, None)
        self._previous.inodes.pop(path, None)
        if self._links:
            self._links.bind(path, None)

    def _bind(self, path: bytes, inode: int, status: Status) -> bool:
        """Record which file has the name; return whether the file has, or had, other names."""
        links = self._links
        is_linked = inode in links or status.st_nlink > 1
        if stat.S_ISDIR(status.st_mode) or not is_linked:
            links.bind(path, None)
            return False
        if inode not in links:
            if not self._knows_all_recent:
                self._recent.misses_names = True
                return False
            self._unsearched.add(inode)
            self.on_linked({inode: path})
        links.bind(path, inode)
        if status.st_nlink == 1:
            # Else an inode number that is reused again and again would collect names for ever.
            for other in islice(links.names(inode), _FEW):
                self._confirm(other, inode)
        return True

    def _confirm(self, path: bytes, inode: int) -> None:
        """Check whether a file still has a name that it was known to have."""
        try:
            status = lstat(self._base + path)
        except OSError as error:
            if error.errno in _TRANSIENT:
                self._links.add(path, inode)
                return
            found = None
        else:
            found = None if stat.S_ISDIR(status.st_mode) else status.st_ino & _INODE_MASK
        # If the name belongs to another file now, it is a new name, and will be checked as such.
        self._links.bind(path, found if found is not None and found in self._links else None)
        if found != inode:
            self._links.add_former(path, inode)

    def _has(self, path: bytes, inode: int) -> bool:
        try:
            return lstat(self._base + path).st_ino & _INODE_MASK == inode
        except OSError:
            return False

    def _find_others(self, deadline: float) -> bool:
        """Search for the other names of files; return whether all were found."""
        while self._unsearched:
            if self._search is None:
                if not self._knows_all_recent:
                    self._unsearched.clear()
                    self._recent.misses_names = True
                    return False
                self._search = self._search_steps(set(self._unsearched))
            if not _advance(self._search, deadline):
                return False
            self._search = None
        return True

    def _search_steps(self, inodes: set[int]) -> Iterator[None]:
        """Find the other names of these files, and record that they changed, in small steps.

        Names that appear meanwhile are checked on their own.
        """
        for inode, path in self._previous.named(inodes) + self._recent.named(inodes):
            self._confirm(path, inode)
            yield
        for prefix in self._index.prefixes():
            for inode, path in self._index.named(prefix, inodes):
                self._confirm(path, inode)
                yield
            yield
        for inode in inodes:
            names = self._links.names(inode)
            self._journal.record(names)
            if names:
                self.on_linked({inode: names[-1]})
            self._links.prune(inode)
            self._unsearched.discard(inode)
            yield

    def _note_directories(self, paths: Iterable[bytes]) -> None:
        """Note directories in these paths, so that hard links in them count as changed.

        If a directory moved, changes below it are not reported under the names there.
        """
        for path in paths:
            is_new = path.endswith(b"/") and not is_within(path, self._changed_directories)
            if is_new and self._links.any_below(path):
                self._changed_directories[path] = None

    def _process_directories(self, deadline: float) -> bool:
        """Process directories that changed or moved; return whether that is done."""
        while self._directory_work or self._changed_directories or self._moves:
            if self._directory_work is None:
                old = new = next(iter(self._changed_directories), b"")
                if old:
                    del self._changed_directories[old]
                else:
                    old, new = self._moves.popleft()
                self._directory_work = self._moving_steps(old, new)
            if not _advance(self._directory_work, deadline):
                return False
            self._directory_work = None
        return True

    def _moving_steps(self, old: bytes, new: bytes) -> Iterator[None]:
        names = self._links.below(old) if old.endswith(b"/") else [old]
        while some := names[-_AT_ONCE:]:
            del names[-_AT_ONCE:]
            if new != old:
                for path in some:
                    self._links.move(path, new + path[len(old) :])
            self._journal.record(self._links.linked_names(some))
            yield


def _advance(work: Iterator[None], deadline: float) -> bool:
    """Continue some work until `deadline`; return whether it is done."""
    return all(time.monotonic() <= deadline for _ in work)


class _RecentNames:
    """New names and their inodes, in bounded number."""

    def __init__(self) -> None:
        self.inodes: dict[bytes, int] = {}
        self.is_complete = True
        """Whether no name was dropped."""
        self.misses_names = False
        """Whether names of files with several are unknown."""

    def trim(self) -> None:
        if len(self.inodes) > _MAX_RECENT:
            self.inodes.clear()
            self.is_complete = False

    def update(self, other: "_RecentNames") -> None:
        self.inodes.update(other.inodes)
        self.is_complete = self.is_complete and other.is_complete
        self.misses_names = self.misses_names or other.misses_names
        self.trim()

    def named(self, inodes: Collection[int]) -> list[tuple[int, bytes]]:
        return [(inode, path) for path, inode in self.inodes.items() if inode in inodes]
