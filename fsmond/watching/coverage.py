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
"""

import sys

assert sys.platform == "linux"

import errno
import os
import time
from collections.abc import Callable, Iterable

from fsmond.watching.calls import Queue
from fsmond.watching.directory import Directory
from fsmond.watching.opening import NO_ACCESS, NO_ROOM, NOT_THERE, Opening, inside


class Coverage:
    """The directories below a root, each with its watch; not thread-safe, its owner holds a lock.

    Nested `.git` directories and what is `excluded` (paths relative to the root) are left out.
    """

    def __init__(
        self,
        root: bytes,
        queue: Queue,
        report: Callable[[Iterable[bytes]], object],
        excluded: frozenset[bytes],
    ) -> None:
        self._base = root if root.endswith(b"/") else root + b"/"
        self._queue = queue
        self._report = report
        self._excluded = excluded
        self.root = Directory(queue.watch(self._base))
        self.by_descriptor = {self.root.descriptor: self.root}
        self._opening = Opening(self._base, queue, self.by_descriptor)
        self.unreadable: dict[bytes, None] = {}
        """Directories in which nobody may look; what changes there can't be told."""
        self.uncovered: dict[bytes, tuple[Directory, bytes, OSError]] = {}
        """Directories without a watch: parent, name, and why."""
        self._to_list: list[tuple[Directory, bool]] = []  # and whether to report what is found
        self._adrift: dict[Directory, None] = {}

    @property
    def settled(self) -> bool:
        """Say whether all that is known of the tree is covered, as far as it can be."""
        return not (self._to_list or self._adrift)

    def survey(self) -> None:
        """Have the whole tree listed anew, without a report of what is found."""
        self._to_list.append((self.root, False))

    def work(self, deadline: float) -> bool:
        """List what is to be listed; say whether all is done.  Stops soon after `deadline`.

        Raises OSError if it must be called again, as the system has no room, or the root is closed.
        """
        while self._to_list:
            if time.monotonic() > deadline:
                return False
            directory, reporting = self._to_list.pop()
            try:
                if directory.top() is self.root:
                    self._list(directory, reporting=reporting)
            except OSError as error:
                if self._may_pass(directory, error):
                    self._to_list.append((directory, reporting))
                    raise
                self._leave_unread(directory, error)
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
                self.uncovered[parent.prefix + name + b"/"] = parent, name, error
            else:
                self._leave_unread(parent, error)

    def retry(self) -> None:
        """Try again to watch what could not be watched."""
        for parent, name, _ in list(self.uncovered.values()):
            self.look(parent, name, anew=True)
            again = self.uncovered.get(parent.prefix + name + b"/")
            if again is not None and again[2].errno == errno.ENOSPC:
                return  # the limit still holds; the others would fail as well

    def kernel_removed(self, directory: Directory) -> None:
        """Take notice that a watch ended: its directory was deleted, or unmounted."""
        del self.by_descriptor[directory.descriptor]

    def _may_pass(self, directory: Directory, error: OSError) -> bool:
        """Say whether to look again some time; in the root's case there is nothing else to do."""
        return error.errno in NO_ROOM or directory is self.root

    def _leave_unread(self, directory: Directory, error: OSError) -> None:
        if error.errno not in NOT_THERE:
            self.unreadable[directory.prefix] = None

    def _look(
        self, handle: bytes, parent: Directory, name: bytes, *, anew: bool, reporting: bool
    ) -> None:
        path = parent.prefix + name
        if name == b".git" or path in self._excluded:
            return
        path += b"/"
        if path in self.unreadable or path in self.uncovered:
            anew = True
            self.unreadable.pop(path, None)
            self.uncovered.pop(path, None)
        known, found = parent.child(name), self._watch(handle + name)
        arrived = found is not known
        if known is not None and arrived:
            self._cast_adrift(known)
        if isinstance(found, OSError):
            self._leave_out(path, parent, name, found)
        elif not arrived or self._may_be(found, handle, parent, name):
            if arrived:
                self._move(found, parent, name)
            if arrived or anew:
                self._to_list.append((found, reporting))

    def _leave_out(self, path: bytes, parent: Directory, name: bytes, error: OSError) -> None:
        if error.errno in NO_ACCESS:
            self.unreadable[path] = None
        elif error.errno not in NOT_THERE:
            self.uncovered[path] = parent, name, error

    def _move(self, directory: Directory, parent: Directory, name: bytes) -> None:
        before, name_before = directory.parent, directory.name
        if before is not None:
            self._cast_adrift(directory)
        self._adrift.pop(directory, None)
        directory.attach(parent, name)
        if before is not None:
            # What is there now?  After a rename an event will tell, after an unmount none.
            self.look(before, name_before, anew=False)

    def _watch(self, path: bytes) -> Directory | OSError:
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
        if self._watch(handle + name) is found:  # it did not just go back to there
            two = OSError(errno.EXDEV, "mounted at two places", found.prefix)
            self.uncovered[parent.prefix + name + b"/"] = parent, name, two
        return False

    def _cast_adrift(self, directory: Directory) -> None:
        """Take it out of its place, and report what is known to have been there."""
        directory.detach()
        self._adrift[directory] = None
        for troubled in (self.unreadable, self.uncovered):
            for path in [path for path in troubled if path.startswith(directory.prefix)]:
                del troubled[path]
        for each in directory.subtree():
            names = (b"",) if each.witness is None else (b"", each.witness)
            self._report(each.prefix + name for name in names)

    def _forget(self, directory: Directory) -> None:
        if self.by_descriptor.get(directory.descriptor) is directory:
            del self.by_descriptor[directory.descriptor]
            self._queue.forget(directory.descriptor)

    def _list(self, directory: Directory, *, reporting: bool) -> None:
        handle = self._opening.open(directory, os.O_RDONLY)
        if handle is None:
            return
        try:
            directories, others = _contents(inside(handle))
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
            self._report_contents(directory.prefix, directories, others)

    def _report_contents(
        self, prefix: bytes, directories: list[bytes], others: list[bytes]
    ) -> None:
        paths = [prefix + name for name in directories + others]
        excluded = self._excluded.intersection(paths)
        slashes = [b"/"] * len(directories) + [b""] * len(others)
        self._report(
            path + slash for path, slash in zip(paths, slashes, strict=True) if path not in excluded
        )


def _contents(path: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the names of the directories in a directory, and those of all else."""
    directories: list[bytes] = []
    others: list[bytes] = []
    with os.scandir(path) as entries:
        for each in entries:
            (directories if each.is_dir(follow_symlinks=False) else others).append(each.name)
    return directories, others
