"""Interpret native events: which paths changed, and which directories there are.

Rules:

1. An event may be older than the tree.  So it only says which path to check.  What is there now is
   reported with everything below it, unless it is the directory that was known to be there.
2. Directories are listed after the source began: what is created in between is seen twice.
3. A listing may be ahead of the events.  What it shows may have disappeared since, and other files
   may have appeared: both have events of their own, still to come.
4. Links are never followed; if their targets are in the tree, those have their own events.
"""

import errno
import time
from collections.abc import Iterable

from fsmond.watching.contract import PRESENT, REMOVED, Sink
from fsmond.watching.native.directory_registry import DirectoryRegistry, directory_of
from fsmond.watching.native.source import Files, Kind, NativeEvent

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class EventHandler:
    """Handles events and lists directories; not thread-safe, its owner holds a lock."""

    def __init__(self, files: Files, sink: Sink, excluded: frozenset[bytes]) -> None:
        self._files = files
        self._sink = sink
        self._excluded = excluded
        self._hidden = excluded | {path + b"/" for path in excluded}
        self._within = tuple(path + b"/" for path in excluded | {b".git"})
        self.directories = DirectoryRegistry(files.directory_at(b"") or 0)
        self.unreadable: dict[bytes, None] = {}
        """Prefixes of directories that cannot be listed."""
        self.removed: dict[bytes, None] = {}
        """Prefixes of directories that were removed or moved away; they may be back."""
        # Prefixes, and whether to report what is found.
        self._pending_listings: list[tuple[bytes, bool]] = [(b"", False)]

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to list."""
        return not self._pending_listings

    def rescan(self) -> None:
        """Schedule a listing of the whole tree, without reports of what is found."""
        self._pending_listings = [(b"", False)]

    def retry(self) -> None:
        """Schedule another listing of what could not be listed."""
        self._pending_listings += [(prefix, True) for prefix in self.unreadable]

    def handle(self, events: Iterable[NativeEvent]) -> None:
        """Report what changed; directories are only listed by `work`."""
        found = _Reports()
        for path, kind, is_directory in events:
            if not self._is_hidden(path):
                if is_directory or (is_directory is None and kind is not Kind.CHANGED):
                    self._check(NativeEvent(path, kind, is_directory), found)
                elif is_directory is False or not self._is_known(path):
                    self.directories.note(path)
                    found.add(path, kind)
                    if kind is not Kind.CHANGED:
                        found.appeared[path] = None
        if found.changed:
            self._sink.changed(found.changed, found.names)
        if found.appeared:
            self._sink.appeared(found.appeared)

    def work(self, deadline: float) -> bool:
        """Do the scheduled listings; return whether all are done.  Stops soon after `deadline`."""
        while self._pending_listings:
            if time.monotonic() > deadline:
                return False
            prefix, reporting = self._pending_listings.pop()
            if prefix in self.directories:
                self._list(prefix, reporting=reporting)
        return True

    def _is_hidden(self, path: bytes) -> bool:
        return path in self._excluded or path.startswith(self._within) or b"/.git/" in path

    def _is_known(self, path: bytes) -> bool:
        """Return whether it is a directory, whose own time changes with any change in it."""
        if _is_git(path):
            return self._files.directory_at(path) is not None
        return path + b"/" in self.directories

    def _check(self, event: NativeEvent, found: "_Reports") -> None:
        path, kind, was_directory = event
        prefix = path + b"/"
        known = self.directories.get(prefix)
        # What appeared since has an event of its own.
        inode = None if kind is Kind.DISAPPEARED else self._files.directory_at(path)
        if inode is not None:
            found.add(prefix, kind)
            if known is None or known.inode != inode or kind is Kind.MOVED:
                self._add(prefix, inode)
            return
        self.directories.note(path)
        if known is not None:
            self._remove(prefix)
            found.names[prefix] = REMOVED
        elif was_directory or _is_git(path):
            found.add(prefix, Kind.DISAPPEARED)
        if not was_directory:
            # Even if a directory is known there: it may be a later one, found by a listing.
            found.add(path, kind)
            if kind is not Kind.DISAPPEARED:
                found.appeared[path] = None

    def _add(self, prefix: bytes, inode: int) -> None:
        """Schedule a directory that is there now to be listed, and reported."""
        above = directory_of(prefix)
        while not _is_git(prefix[:-1]) and above not in self.directories:
            # It appeared together with its parent, whose event is still to come, or in a directory
            # that has yet to be listed.
            found = self._files.directory_at(above[:-1])
            if found is None:
                return
            prefix, inode, above = above, found, directory_of(above)
        if _is_git(prefix[:-1]):
            return
        if prefix in self.directories:
            self._remove(prefix)
        self.directories.add(prefix, inode)
        self._pending_listings.append((prefix, True))

    def _remove(self, prefix: bytes) -> None:
        """Report what is known to have been in a directory, and forget the directory."""
        for each, sample_path in self.directories.remove(prefix):
            self.removed[each] = None
            self.unreadable.pop(each, None)
            self._sink.changed((each,) if sample_path is None else (each, sample_path))

    def _list(self, prefix: bytes, *, reporting: bool) -> None:
        try:
            directories, others = self._files.contents(prefix)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                self.unreadable[prefix] = None
            return
        reporting = prefix in self.unreadable or reporting
        self.unreadable.pop(prefix, None)
        known = self.directories.get(prefix)
        assert known is not None
        files = self._visible(prefix + name for name in others)
        found = {prefix + name + b"/": name for name in directories}
        known.sample_path = files[0] if files else known.sample_path
        for gone in known.children - found.keys():
            self._remove(gone)
        for each in self._visible(found):
            self._list_below(each, files, reporting=reporting)
        if reporting:
            names = [*files, *self._visible(found)]
            self._sink.changed(names, dict.fromkeys(names, PRESENT))
            self._sink.appeared(files)

    def _list_below(self, prefix: bytes, files: list[bytes], *, reporting: bool) -> None:
        if _is_git(prefix[:-1]):
            return
        inode = self._files.directory_at(prefix[:-1])
        known = self.directories.get(prefix)
        if known is not None and known.inode != inode:
            self._remove(prefix)
            known = None
        if inode is None:
            files.append(prefix[:-1])  # it is a link, or has disappeared by now
            return
        if known is None:
            self.directories.add(prefix, inode)
        self._pending_listings.append((prefix, reporting))

    def _visible(self, paths: Iterable[bytes]) -> list[bytes]:
        return [path for path in paths if path not in self._hidden]


class _Reports:
    """What some events report."""

    def __init__(self) -> None:
        self.changed: dict[bytes, None] = {}
        self.appeared: dict[bytes, None] = {}
        self.names: dict[bytes, int] = {}
        """See Sink.changed."""

    def add(self, path: bytes, kind: Kind) -> None:
        self.changed[path] = None
        if kind is Kind.DISAPPEARED:
            self.names[path] = REMOVED
        elif kind is not Kind.CHANGED:
            self.names[path] = PRESENT  # a directory's own event may be late: see rule 1


def _is_git(path: bytes) -> bool:
    """Return whether it is a git directory, also of a nested repository: Git checks it itself."""
    return path.endswith(b"/.git") or path == b".git"
