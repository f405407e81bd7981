"""Which directory each watch descriptor is now.

A directory is known by its watch descriptor, not by its name.  Rules:

1. To watch a path says which inode is there *now*: a known descriptor means that this directory,
   with everything below it, is here now; a new one, that a directory came which nobody knows yet.
2. A directory that came is watched first and listed afterwards: what is made in between is seen
   twice, never zero times.
3. The tree may be ahead of the events, and a path lead to another directory than the one that an
   event was about, by way of a symbolic link too.  So a name is looked up, and a directory listed,
   through an open descriptor that was found to be that directory's.  If its path leads elsewhere,
   nothing is concluded: the events that say where it went are still queued, and a directory that
   moved is always listed anew with everything below it, even when it is where it was.
4. What left its place is adrift.  It may turn up elsewhere as long as there are directories to be
   listed; when there are none, it is forgotten, and its watches are removed.
5. What cannot be watched is left out, with all below it, and tried again now and then.  When it can
   be, what changed in it before is not reported, as nobody knows; it is told to be `rewatched`.
6. What takes long is done in steps: a method that returns `Steps` is to be run to its end before
   another is begun, and the lock may be released after each of them.
"""

import sys

assert sys.platform == "linux"

import errno
import os
import stat
from collections import deque
from collections.abc import Generator, Iterator
from typing import NamedTuple

from fsmond.watching.calls import Queue
from fsmond.watching.contract import Sink
from fsmond.watching.directory import Directory, Paths
from fsmond.watching.gaps import ITSELF, NO_ROOM, NOT_THERE, Gaps, is_closed
from fsmond.watching.mounts import Mounts
from fsmond.watching.opening import Opening

_NONE = -1  # no watch descriptor
_STEP = 256  # names that are looked at in a step; about a tenth of a millisecond
_MOST = 50_000  # names in one directory that are reported each by itself
LONGEST = 16_384  # bytes of a path below the root; what is deeper is part of each answer

Steps = Iterator[None]


class _Place(NamedTuple):
    """An open directory, known to be at its place."""

    handle: int
    directory: Directory


class Coverage:
    """The directories below a root, and their watches; not thread-safe, its owner holds a lock."""

    def __init__(
        self, root: bytes, queue: Queue, sink: Sink, excluded: frozenset[bytes], mounts: Mounts
    ) -> None:
        self._base = root.rstrip(b"/") + b"/"
        self._queue = queue
        self._sink = sink
        self._excluded = excluded
        self._hidden = excluded | {path + b"/" for path in excluded}
        self._mounts = mounts
        self._paths: Paths = {}
        self.root = Directory(_NONE, self._paths)
        self.by_descriptor: dict[int, Directory] = {}
        self._opening = Opening(self._base, queue, self.by_descriptor, self.root)
        self.gaps = Gaps()
        self.shortage: OSError | None = None
        """What the system had no room for, since `work` was called last."""
        self._to_look: deque[tuple[Directory, bytes, bool]] = deque()  # and whether to list anew
        # And whether to report what is found.  The upper ones first: so it is soon seen how many.
        self._to_list: deque[tuple[Directory, bool]] = deque()
        self._adrift: dict[Directory, None] = {}
        self._cover_root()

    @property
    def settled(self) -> bool:
        """Say whether all that is known of the tree is covered, as far as it can be."""
        return not (self._to_look or self._to_list or self._adrift or self._mounts.is_stale)

    @property
    def unlisted(self) -> int:
        """The number of directories that are yet to be listed; any thread."""
        return len(self._to_list)

    def survey(self) -> None:
        """Have the whole tree listed anew, without a report of what is found."""
        self._to_list = deque([(self.root, False)])

    def work(self) -> Steps:
        """Look at the next place that is to be looked at, or forget what is adrift."""
        self.shortage = None
        if self._mounts.is_stale:
            self._remount()
        if self._to_look:
            return self._look_next()
        if self._to_list:
            return self._list_next()
        return self._forget_adrift()

    def look(self, parent: Directory, name: bytes, *, anew: bool) -> Steps:
        """Find out which directory `name` is now; list it if it came, or in any case if `anew`."""
        if parent.top() is not self.root:
            return  # it is listed, with all below it, if it turns up
        try:
            handle = self._opening.open(parent, os.O_PATH)
            if handle is not None:
                try:
                    yield from self._look(_Place(handle, parent), name, anew=anew, reporting=True)
                finally:
                    os.close(handle)
        except OSError as error:
            if is_closed(name, error):
                self.gaps.leave_unread(parent, error)
            else:
                self.gaps.leave_out(parent, name, error)

    def retry(self) -> Steps:
        """Try again to watch what could not be watched."""
        for parent, name, _ in self.gaps.uncovered():
            if name != ITSELF:
                yield from self.look(parent, name, anew=False)
            else:
                self._cover_root()
            again = (parent.gaps or {}).get(name)
            if again is not None and again.errno == errno.ENOSPC:
                return  # the limit still holds; the others would fail as well

    def note_mounts(self) -> None:
        """Take notice that something was mounted or unmounted, or moved with a directory."""
        self._mounts.is_stale = True

    def _remount(self) -> None:
        """Have places looked at again where something was mounted or unmounted."""
        for prefix in self._mounts.news():
            above, _, name = prefix[:-1].rpartition(b"/")
            parent = self._find(above)
            if parent is not None:
                self._sink.changed(self._names_of(prefix))
                self._to_look.append((parent, name, True))
        self.gaps.files = self._mounts.files

    def _names_of(self, prefix: bytes) -> tuple[bytes, ...]:
        """Return how a place is named where something was mounted or unmounted, a file perhaps."""
        if self._mounts.is_blind(prefix):
            return prefix, prefix[:-1]  # a look may take for ever
        try:
            mode = os.lstat(self._base + prefix[:-1]).st_mode
        except OSError:
            return prefix, prefix[:-1]
        return (prefix,) if stat.S_ISDIR(mode) else (prefix[:-1],)

    def kernel_removed(self, directory: Directory) -> None:
        """Take notice that a watch ended: its directory was deleted, or unmounted."""
        del self.by_descriptor[directory.descriptor]

    def _cover_root(self) -> None:
        try:
            descriptor = self._queue.watch(self._base)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.gaps.leave_root(self.root, error)
            return
        self.root.descriptor = descriptor
        self.by_descriptor[descriptor] = self.root
        if self.gaps.reconsider(self.root, ITSELF):
            self.gaps.rewatched[b""] = None
        self.survey()

    def _find(self, path: bytes) -> Directory | None:
        """Return the watched directory at a path, if there is one."""
        found: Directory | None = self.root
        for name in path.split(b"/") if path else ():
            found = found and found.child(name)
        return found

    def _look_next(self) -> Steps:
        parent, name, anew = self._to_look.popleft()
        yield from self.look(parent, name, anew=anew)

    def _list_next(self) -> Steps:
        directory, reporting = self._to_list.popleft()
        try:
            if directory.top() is self.root:
                yield from self._list(directory, reporting=reporting)
        except OSError as error:
            # In the root's case there is nothing else to do than to try again.
            if error.errno in NO_ROOM or directory is self.root:
                self.shortage = error
                self._to_list.append((directory, reporting))
            else:
                self.gaps.leave_unread(directory, error)

    def _forget_adrift(self) -> Steps:
        for directory in self._adrift:
            for each, _ in directory.subtree():
                if self.by_descriptor.get(each.descriptor) is each:
                    del self.by_descriptor[each.descriptor]
                    self._queue.forget(each.descriptor)
                self._paths.pop(each, None)
                yield
        self._adrift.clear()

    def _look(self, place: _Place, name: bytes, *, anew: bool, reporting: bool) -> Steps:
        parent, known = place.directory, place.directory.child(name)
        path = parent.prefix + name
        if name == b".git" or path in self._excluded:
            return
        gap = self.gaps.at(parent, name)
        was_uncovered = gap is not None and not is_closed(name, gap)
        try:
            found = self._watch(place.handle, name, path + b"/")
        except OSError as error:
            if known is not None and error.errno not in NO_ROOM:
                yield from self._cast_adrift(known)
            self.gaps.leave_out(parent, name, error)
            return
        arrived = found is not known
        if known is not None and arrived:
            yield from self._cast_adrift(known)
        if arrived and not self._may_be(found, place, name):
            return
        if arrived:
            yield from self._move(found, parent, name)
        if was_uncovered:
            self.gaps.rewatched[path + b"/"] = None  # before it is no gap any more
        self.gaps.reconsider(parent, name)
        self.gaps.reconsider(found, ITSELF)
        if arrived or anew or gap is not None:
            self._to_list.append((found, reporting and not was_uncovered))

    def _move(self, directory: Directory, parent: Directory, name: bytes) -> Steps:
        before, name_before, old = directory.parent, directory.name, directory.prefix
        if before is not None:
            yield from self._cast_adrift(directory)
            # What is there now?  After a rename an event will tell, after an unmount none.
            self._to_look.append((before, name_before, False))
        self._adrift.pop(directory, None)
        directory.attach(parent, name)
        if old:
            self._sink.moved(old, directory.prefix)

    def _watch(self, handle: int, name: bytes, prefix: bytes) -> Directory:
        if self._mounts.is_blind(prefix):
            raise OSError(errno.EOPNOTSUPP, "it does not tell of others' changes", prefix)
        if len(prefix) > LONGEST:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), prefix)
        descriptor = self._opening.watch(handle, name)
        found = self.by_descriptor.get(descriptor)
        if found is None:
            found = self.by_descriptor[descriptor] = Directory(descriptor, self._paths)
        return found

    def _may_be(self, found: Directory, place: _Place, name: bytes) -> bool:
        """Say whether a directory that was not known to be here can be so: see rule 3."""
        parent = place.directory
        if found.parent is None and found is not self.root:
            return not parent.is_within(found)
        if not self._opening.is_at_its_place(found):
            return not parent.is_within(found)
        try:
            again = self._watch(place.handle, name, parent.prefix + name + b"/")
        except OSError as error:
            if error.errno in NOT_THERE:
                return False
            raise
        if again is found:  # it did not just go back to there
            two = OSError(errno.EXDEV, "mounted at two places", found.prefix)
            self.gaps.leave_out(parent, name, two)
        return False

    def _cast_adrift(self, directory: Directory) -> Steps:
        """Take it out of its place, and report what is known to have been there."""
        for each, prefix in directory.subtree():
            self.gaps.departed[prefix] = None
            self.gaps.forget_in(each, prefix)
            names = (b"",) if each.witness is None else (b"", each.witness)
            self._sink.changed([prefix + name for name in names])
            yield
        directory.detach()
        self._adrift[directory] = None

    def _list(self, directory: Directory, *, reporting: bool) -> Steps:
        handle = self._opening.open(directory, os.O_RDONLY)
        if handle is None:
            return
        try:
            names = yield from self._read(handle, directory, reporting=reporting)
            for name in (directory.children or {}).keys() - names:
                child = directory.child(name)
                assert child is not None
                yield from self._cast_adrift(child)
            prefix = directory.prefix
            for name in names:
                yield from self._look(
                    _Place(handle, directory), name, anew=True, reporting=reporting
                )
                if reporting:
                    self._report([b"%b%b/" % (prefix, name)], are_files=False)
                yield
        finally:
            os.close(handle)

    def _read(
        self, handle: int, directory: Directory, *, reporting: bool
    ) -> Generator[None, None, list[bytes]]:
        """Report the files that are in a directory; return the names of the directories."""
        prefix, count = directory.prefix, 0
        directories: list[bytes] = []
        files: list[bytes] = []
        with os.scandir(handle) as entries:
            for entry in entries:
                count += 1
                if entry.is_dir(follow_symlinks=False):
                    directories.append(os.fsencode(entry.name))
                elif reporting and count <= _MOST:
                    files.append(prefix + os.fsencode(entry.name))
                elif directory.witness is None:
                    directory.witness = os.fsencode(entry.name)
                if count % _STEP == 0:
                    self._report(files, are_files=True)
                    files = []
                    yield
        self._report(files, are_files=True)
        if files:
            directory.witness = files[0][len(prefix) :]
        if reporting and count > _MOST:
            if prefix:
                self._sink.changed((prefix,))
            self._sink.doubt(prefix)
        return directories

    def _report(self, paths: list[bytes], *, are_files: bool) -> None:
        told = [path for path in paths if path not in self._hidden]
        if told:
            self._sink.changed(told)
            if are_files:
                self._sink.came(told)
