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
5. What can't be watched is left out, with all below it, and tried again now and then.  When it can
   be, what changed in it before is not reported, as nobody knows; it is told to be `rewatched`.
"""

import sys

assert sys.platform == "linux"

import errno
import os
import time
from collections import deque

from fsmond.watching.calls import Queue
from fsmond.watching.contract import Sink
from fsmond.watching.directory import Directory
from fsmond.watching.gaps import NO_ROOM, Gaps
from fsmond.watching.listing import contents
from fsmond.watching.mounts import Mounts
from fsmond.watching.opening import Opening, inside

_NONE = -1  # no watch descriptor


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
        self.root = Directory(_NONE)
        self.by_descriptor: dict[int, Directory] = {}
        self._opening = Opening(self._base, queue, self.by_descriptor, self.root)
        self.gaps = Gaps()
        # And whether to report what is found.  The upper ones first: so it is soon seen how many.
        self._to_list: deque[tuple[Directory, bool]] = deque()
        self._adrift: dict[Directory, None] = {}
        self._cover_root()

    @property
    def settled(self) -> bool:
        """Say whether all that is known of the tree is covered, as far as it can be."""
        return not (self._to_list or self._adrift)

    @property
    def unlisted(self) -> int:
        """The number of directories that are yet to be listed; any thread."""
        return len(self._to_list)

    def survey(self) -> None:
        """Have the whole tree listed anew, without a report of what is found."""
        self._to_list = deque([(self.root, False)])

    def work(self, deadline: float) -> bool:
        """List what is to be listed; say whether all is done.  Stops soon after `deadline`.

        Raises OSError if it must be called again, as the system has no room, or the root is closed.
        """
        while self._to_list:
            if time.monotonic() > deadline:
                return False
            directory, reporting = self._to_list.popleft()
            try:
                if directory.top() is self.root:
                    self._list(directory, reporting=reporting)
            except OSError as error:
                if self._may_pass(directory, error):
                    self._to_list.append((directory, reporting))
                    raise
                self.gaps.leave_unread(directory, error)
        for directory in self._adrift:
            for each in directory.subtree():
                self._forget(each)
        self._adrift.clear()
        return True

    def look(self, parent: Directory, name: bytes, *, anew: bool) -> None:
        """Find out which directory `name` is now; list it if it came, or in any case if `anew`."""
        if parent.top() is not self.root:
            return  # it is listed, with all below it, if it turns up
        try:
            handle = self._opening.open(parent, os.O_PATH)
            if handle is not None:
                try:
                    self._look(inside(handle), parent, name, anew=anew, reporting=True)
                finally:
                    os.close(handle)
        except OSError as error:
            if self._may_pass(parent, error):
                self.gaps.uncovered[parent.prefix + name + b"/"] = parent, name, error
            else:
                self.gaps.leave_unread(parent, error)

    def retry(self) -> None:
        """Try again to watch what could not be watched."""
        for parent, name, _ in list(self.gaps.uncovered.values()):
            if name:
                self.look(parent, name, anew=True)
            else:
                self._cover_root()
            again = self.gaps.uncovered.get(parent.prefix + name + (name and b"/"))
            if again is not None and again[2].errno == errno.ENOSPC:
                return  # the limit still holds; the others would fail as well

    def remount(self) -> None:
        """Look again where something was mounted or unmounted."""
        for prefix in self._mounts.news():
            above, _, name = prefix[:-1].rpartition(b"/")
            parent = self._find(above)
            if parent is not None:
                self._sink.changed((prefix,))
                self.look(parent, name, anew=True)

    def kernel_removed(self, directory: Directory) -> None:
        """Take notice that a watch ended: its directory was deleted, or unmounted."""
        del self.by_descriptor[directory.descriptor]

    def _cover_root(self) -> None:
        try:
            descriptor = self._queue.watch(self._base)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.gaps.uncovered[b""] = self.root, b"", error
            return
        self.root.descriptor = descriptor
        self.by_descriptor[descriptor] = self.root
        if self.gaps.uncovered.pop(b"", None):
            self.gaps.rewatched[b""] = None
        self.survey()

    def _find(self, path: bytes) -> Directory | None:
        """Return the watched directory at a path, if there is one."""
        found: Directory | None = self.root
        for name in path.split(b"/") if path else ():
            found = found and found.child(name)
        return found

    def _may_pass(self, directory: Directory, error: OSError) -> bool:
        """Say whether to look again some time; in the root's case there is nothing else to do."""
        return error.errno in NO_ROOM or directory is self.root

    def _look(
        self, handle: bytes, parent: Directory, name: bytes, *, anew: bool, reporting: bool
    ) -> None:
        path = parent.prefix + name
        if name == b".git" or path in self._excluded:
            return
        path += b"/"
        was_unreadable, was_uncovered = self.gaps.reconsider(path)
        known, found = parent.child(name), self._watch(handle + name, path)
        arrived = found is not known
        if known is not None and arrived:
            self._cast_adrift(known)
        if isinstance(found, OSError):
            self.gaps.leave_out(parent, name, found)
        elif not arrived or self._may_be(found, handle, parent, name):
            if arrived:
                self._move(found, parent, name)
            if was_uncovered:
                self.gaps.rewatched[path] = None
            if arrived or anew or was_unreadable or was_uncovered:
                self._to_list.append((found, reporting and not was_uncovered))

    def _move(self, directory: Directory, parent: Directory, name: bytes) -> None:
        before, name_before = directory.parent, directory.name
        if before is not None:
            self._cast_adrift(directory)
        self._adrift.pop(directory, None)
        directory.attach(parent, name)
        if before is not None:
            # What is there now?  After a rename an event will tell, after an unmount none.
            self.look(before, name_before, anew=False)

    def _watch(self, path: bytes, prefix: bytes) -> Directory | OSError:
        if self._mounts.is_blind(prefix):
            return OSError(errno.EOPNOTSUPP, "it does not tell of others' changes", prefix)
        try:
            descriptor = self._queue.watch(path)
        except OSError as error:
            return error
        found = self.by_descriptor.get(descriptor)
        if found is None:
            found = self.by_descriptor[descriptor] = Directory(descriptor)
        return found

    def _may_be(self, found: Directory, handle: bytes, parent: Directory, name: bytes) -> bool:
        """Say whether a directory that was not known to be here can be so: see rule 3."""
        if parent.is_within(found):
            return False
        if found.parent is None or not self._opening.is_at_its_place(found):
            return True
        path = parent.prefix + name + b"/"
        if self._watch(handle + name, path) is found:  # it did not just go back to there
            two = OSError(errno.EXDEV, "mounted at two places", found.prefix)
            self.gaps.uncovered[path] = parent, name, two
        return False

    def _cast_adrift(self, directory: Directory) -> None:
        """Take it out of its place, and report what is known to have been there."""
        directory.detach()
        self._adrift[directory] = None
        self.gaps.forget_below(directory.prefix)
        for each in directory.subtree():
            self.gaps.departed[each.prefix] = None
            names = (b"",) if each.witness is None else (b"", each.witness)
            self._sink.changed([each.prefix + name for name in names])

    def _forget(self, directory: Directory) -> None:
        if self.by_descriptor.get(directory.descriptor) is directory:
            del self.by_descriptor[directory.descriptor]
            self._queue.forget(directory.descriptor)

    def _list(self, directory: Directory, *, reporting: bool) -> None:
        handle = self._opening.open(directory, os.O_RDONLY)
        if handle is None:
            return
        try:
            directories, others = contents(inside(handle))
            if others:
                directory.witness = others[0]
            for name in (directory.children or {}).keys() - directories:
                child = directory.child(name)
                assert child is not None
                self._cast_adrift(child)
            for name in directories:
                self._look(inside(handle), directory, name, anew=True, reporting=reporting)
        finally:
            os.close(handle)
        if reporting:
            files = [directory.prefix + name for name in others]
            paths = [*files, *(directory.prefix + name + b"/" for name in directories)]
            self._sink.changed([path for path in paths if path not in self._hidden])
            self._sink.came(path for path in files if path not in self._hidden)
