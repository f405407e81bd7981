"""Keep track of which directory each watch descriptor stands for.

A directory is identified by its watch descriptor, not by its name.  Rules:

1. Adding a watch for a path shows which inode is there *now*: a known descriptor means that this
   directory, with everything below it, is here now; a new descriptor means an unknown directory.
2. A new directory is watched first and listed afterwards: what is created in between is seen twice,
   and never missed.
3. The tree may be ahead of the events, so a path may lead to another directory than the one that an
   event was about, also through a symbolic link.  So a name is looked up, and a directory listed,
   through an open descriptor that was verified to be that directory's.  If its path leads
   elsewhere, nothing is concluded: the events that report where it went are still queued, and a
   directory that moved is always listed again with everything below it, even if it is back.
4. A directory that was moved away is detached.  It may be found elsewhere as long as there are
   directories to list; when there are none left, it is forgotten, and its watches are removed.
5. A directory that cannot be watched is a gap, with all below it, and retried from time to time.
   When it can be watched, earlier changes in it are not reported, as they are unknown; it is
   `newly_watched` then.
6. Directories may be watched by their known names instead of a listing.  Those that appeared while
   nobody watched are found by a comparison, and checked then.
7. Long work is done in steps: a method that returns `Steps` must be run to its end before another
   one is started; the lock may be released after each step.
"""

import sys

assert sys.platform == "linux"

import errno
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from fsmond.watching.contract import PRESENT, Known, Sink
from fsmond.watching.inotify.directory import Directory, Paths
from fsmond.watching.inotify.gaps import ITSELF, NOT_THERE, SHORTAGE, Gaps, is_unreadable
from fsmond.watching.inotify.mounts import Mounts
from fsmond.watching.inotify.new_directories import MAX_PATH, NewDirectories
from fsmond.watching.inotify.opening import DirectoryOpener
from fsmond.watching.inotify.shared_listings import Pending, SharedListings
from fsmond.watching.inotify.source import Source

_NONE = -1  # no watch descriptor
_STEP = 256  # names that are read in a step; about a tenth of a millisecond
_MAX_NAMES = 50_000  # names in one directory that are reported one by one

Steps = Iterator[None]


class _OpenDirectory(NamedTuple):
    """An open directory that was verified to be at its place."""

    handle: int
    directory: Directory


class Coverage:
    """The directories below a root, and their watches; not thread-safe, its owner holds a lock."""

    def __init__(
        self, root: bytes, queue: Source, sink: Sink, excluded: frozenset[bytes], mounts: Mounts
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
        self._new = NewDirectories(queue, self.by_descriptor, self._paths, excluded, mounts)
        self.gaps = Gaps()
        self.known: Callable[[bytes], Known | None] | None = None
        """What was in each directory some time ago; if set, it need not be listed: see rule 6."""
        self.shortage: OSError | None = None
        """The shortage of resources that the last `work` met, if any."""
        # And whether to list it in any case; and whether to report what is found.  Breadth first:
        # so the total is known early.
        self._pending_checks: deque[tuple[Directory, bytes, bool]] = deque()
        self._pending_listings: deque[tuple[Directory, bool]] = deque()
        pending = Pending(self._pending_checks, self._pending_listings)
        self.shared = SharedListings(pending, self.by_descriptor, self._paths)
        self.opener = DirectoryOpener(
            self._base, queue, self.by_descriptor, self.root, on_unknown=self.shared.spoil
        )
        self._detached: dict[Directory, None] = {}
        self._cover_root()

    @property
    def settled(self) -> bool:
        """Whether the known tree is covered, as far as that is possible."""
        pending = self._pending_checks or self._pending_listings or self._detached
        return not (pending or self.shared.unanswered or self._mounts.is_stale)

    @property
    def unlisted(self) -> int:
        """The number of directories that have yet to be listed; any thread."""
        return len(self._pending_listings) + self.shared.unanswered

    def rescan(self) -> None:
        """Schedule a listing of the whole tree, without reports of what is found."""
        self.shared.spoil()
        self._pending_listings.clear()
        self._pending_listings.append((self.root, False))

    def work(self) -> Steps:
        """Check the next name, or list the next directory, or else forget what is detached."""
        self.shortage = None
        if self._mounts.is_stale:
            self._apply_mount_changes()
        if self._pending_checks:
            parent, name, relist = self._pending_checks.popleft()
            return self.check(parent, name, relist=relist)
        has_spare = len(self._queue.filenos) > 1  # whose watches the other process does not know
        shared = self.shared.work(may_give=self.known is None and not has_spare)
        if shared is not None:
            return shared
        if self._pending_listings:
            return self._list_next()
        return self._forget_detached()

    def check(self, parent: Directory, name: bytes, *, relist: bool) -> Steps:
        """Find out which directory `name` is now; list it if it is new here, or if `relist`."""
        self.shared.spoil(parent)
        if parent.top() is not self.root:
            return  # it is listed, with all below it, if it is found again
        try:
            handle = self.opener.open(parent, os.O_PATH)
            if handle is not None:
                try:
                    yield from self._check(
                        _OpenDirectory(handle, parent), name, relist=relist, reporting=True
                    )
                finally:
                    os.close(handle)
        except OSError as error:
            if is_unreadable(name, error):
                self.gaps.add_unlistable(parent, error)
            else:
                self.gaps.add(parent, name, error)

    def retry(self) -> Steps:
        """Retry what could not be watched."""
        for parent, name, _ in self.gaps.uncovered():
            if name != ITSELF:
                yield from self.check(parent, name, relist=False)
            else:
                self._cover_root()
            again = (parent.gaps or {}).get(name)
            if again is not None and again.errno == errno.ENOSPC:
                return  # the limit still holds; the others would fail as well

    def note_found(self, prefix: bytes) -> None:
        """Schedule a check of a directory, if it is not known to be there."""
        above, _, name = prefix[:-1].rpartition(b"/")
        parent = self._find(above)
        if parent is not None and parent.child(name) is None:
            self._pending_checks.append((parent, name, True))

    def note_mounts(self) -> None:
        """Note that mounts may have changed, or may have moved with a directory."""
        self._mounts.is_stale = True

    def _apply_mount_changes(self) -> None:
        """Schedule checks where something was mounted or unmounted."""
        self.shared.spoil()
        for prefix in self._mounts.take_changes():
            above, _, name = prefix[:-1].rpartition(b"/")
            parent = self._find(above)
            if parent is not None:
                self._sink.changed(self._mounts.paths_at(prefix))
                self._pending_checks.append((parent, name, True))
        self.gaps.files = self._mounts.files

    def note_watch_ended(self, directory: Directory) -> None:
        """Note that the kernel removed a watch: its directory was deleted, or unmounted."""
        del self.by_descriptor[directory.descriptor]

    def _cover_root(self) -> None:
        try:
            descriptor = self._queue.watch(self._base)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.gaps.add_root(self.root, error)
            return
        self.root.descriptor = descriptor
        self.by_descriptor[descriptor] = self.root
        if self.gaps.discard(self.root, ITSELF):
            self.gaps.newly_watched[b""] = None
        self.rescan()

    def _find(self, path: bytes) -> Directory | None:
        """Return the watched directory at a path, if there is one."""
        found: Directory | None = self.root
        for name in path.split(b"/") if path else ():
            found = found and found.child(name)
        return found

    def _list_next(self) -> Steps:
        directory, reporting = self._pending_listings.popleft()
        try:
            if directory.top() is self.root:
                yield from self._list(directory, reporting=reporting)
        except OSError as error:
            # For the root, the only option is to try again.
            if error.errno in SHORTAGE or directory is self.root:
                self.shortage = error
                self._pending_listings.append((directory, reporting))
            else:
                self.gaps.add_unlistable(directory, error)

    def _forget_detached(self) -> Steps:
        for directory in self._detached:
            for each, _ in directory.subtree():
                if self.by_descriptor.get(each.descriptor) is each:
                    del self.by_descriptor[each.descriptor]
                    self._queue.unwatch(each.descriptor)
                self._paths.pop(each, None)
                yield
        self._detached.clear()

    def _check(self, place: _OpenDirectory, name: bytes, *, relist: bool, reporting: bool) -> Steps:
        parent, known = place.directory, place.directory.child(name)
        path = parent.prefix + name
        if name == b".git" or path in self._excluded:
            return
        gap = self.gaps.at(parent, name)
        was_uncovered = gap is not None and not is_unreadable(name, gap)
        try:
            found = self._watch(place.handle, name, path + b"/")
        except OSError as error:
            yield from self._note_unwatched(parent, name, error, reporting=reporting)
            return
        arrived = found is not known
        if known is not None and arrived:
            yield from self._detach(known)
        if arrived and not self._belongs_at(found, place, name):
            return
        if arrived:
            yield from self._move(found, parent, name)
        if was_uncovered:
            self.gaps.newly_watched[path + b"/"] = None  # before the gap is discarded
        self.gaps.discard(parent, name)
        self.gaps.discard(found, ITSELF)
        if arrived or relist or gap is not None:
            self._pending_listings.append((found, reporting and not was_uncovered))

    def _note_unwatched(
        self, parent: Directory, name: bytes, error: OSError, *, reporting: bool
    ) -> Steps:
        known = parent.child(name)
        if known is not None and error.errno not in SHORTAGE:
            yield from self._detach(known)
        if reporting or error.errno not in NOT_THERE:  # else a comparison finds that it is gone
            self.gaps.add(parent, name, error)

    def _move(self, directory: Directory, parent: Directory, name: bytes) -> Steps:
        before, name_before, old = directory.parent, directory.name, directory.prefix
        if before is not None:
            yield from self._detach(directory)
            # Find out what is there now: a rename has an event for it, an unmount has none.
            self._pending_checks.append((before, name_before, False))
        self._detached.pop(directory, None)
        directory.attach(parent, name)
        if old:
            self._sink.moved(old, directory.prefix)

    def _watch(self, handle: int, name: bytes, prefix: bytes) -> Directory:
        if self._mounts.lacks_events(prefix):
            raise OSError(errno.EOPNOTSUPP, "it does not report changes made by others", prefix)
        if len(prefix) > MAX_PATH:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), prefix)
        descriptor = self.opener.watch(handle, name)
        found = self.by_descriptor.get(descriptor)
        if found is None:
            found = self.by_descriptor[descriptor] = Directory(descriptor, self._paths)
        return found

    def _belongs_at(self, found: Directory, place: _OpenDirectory, name: bytes) -> bool:
        """Return whether a directory that was not known to be here really is: see rule 3."""
        parent = place.directory
        if found.parent is None and found is not self.root:
            return not parent.is_within(found)
        if not self.opener.is_at_its_place(found):
            return not parent.is_within(found)
        try:
            again = self._watch(place.handle, name, parent.prefix + name + b"/")
        except OSError as error:
            if error.errno in NOT_THERE:
                return False
            raise
        if again is found:  # it has not just moved back there
            mounted_twice = OSError(errno.EXDEV, "mounted at two places", found.prefix)
            self.gaps.add(parent, name, mounted_twice)
        return False

    def _detach(self, directory: Directory) -> Steps:
        """Take it out of its parent, and report what is known to have been there."""
        for each, prefix in directory.subtree():
            self.gaps.removed[prefix] = None
            self.gaps.discard_in(each, prefix)
            names = (b"",) if each.sample_name is None else (b"", each.sample_name)
            self._sink.changed([prefix + name for name in names])
            yield
        directory.detach()
        self._detached[directory] = None

    def _watch_known(self, directory: Directory, known: Known) -> Steps:
        """Watch the directories that were in it earlier, without listing it."""
        names, directory.sample_name = known
        handle = self.opener.open(directory, os.O_PATH) if names else None
        if handle is None:
            return
        place, known_in = _OpenDirectory(handle, directory), self.known
        try:
            for name in names:
                child = self._new.watch(handle, directory, name)
                inner = known_in(child.prefix) if child is not None and known_in else None
                if child is None:
                    yield from self._check(place, name, relist=True, reporting=False)
                elif inner is not None and not inner[0]:
                    child.sample_name = inner[1]  # no directory is known in it
                else:
                    self._pending_listings.append((child, False))
                yield
        finally:
            os.close(handle)

    def _list(self, directory: Directory, *, reporting: bool) -> Steps:
        known = None if reporting or self.known is None else self.known(directory.prefix)
        if known is not None:
            yield from self._watch_known(directory, known)
            return
        handle = self.opener.open(directory, os.O_RDONLY)
        if handle is None:
            return
        try:
            names = yield from self._read(handle, directory, reporting=reporting)
            for name in (directory.children or {}).keys() - names:
                child = directory.child(name)
                assert child is not None
                yield from self._detach(child)
            yield from self._cover(_OpenDirectory(handle, directory), names, reporting=reporting)
        finally:
            os.close(handle)

    def _cover(self, place: _OpenDirectory, names: list[bytes], *, reporting: bool) -> Steps:
        """Watch the subdirectories that were just listed."""
        prefix = place.directory.prefix
        for name in names:
            new = None if reporting else self._new.survey(place.handle, place.directory, name)
            if new is None:
                yield from self._check(place, name, relist=True, reporting=reporting)
            elif not new[1]:
                self._pending_listings.append((new[0], False))
            if reporting:
                self._report([b"%b%b/" % (prefix, name)], are_files=False)
            yield

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
                elif reporting and count <= _MAX_NAMES:
                    files.append(prefix + os.fsencode(entry.name))
                elif directory.sample_name is None:
                    directory.sample_name = os.fsencode(entry.name)
                if count % _STEP == 0:
                    self._report(files, are_files=True)
                    files = []
                    yield
        self._report(files, are_files=True)
        if files:
            directory.sample_name = files[0][len(prefix) :]
        if reporting and count > _MAX_NAMES:
            if prefix:
                self._sink.changed((prefix,))
            self._sink.recheck(prefix)
        return directories

    def _report(self, paths: list[bytes], *, are_files: bool) -> None:
        visible = [path for path in paths if path not in self._hidden]
        if visible:
            self._sink.changed(visible, dict.fromkeys(visible, PRESENT))
            if are_files:
                self._sink.appeared(visible)
