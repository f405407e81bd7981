"""What native events mean: which paths changed, and which directories there are.

Rules:

1. An event may be older than what is there now.  So it only says where to look, and what is there
   is reported with everything below it, unless it is the directory that was known to be there.
2. Directories are looked at after the source began: what is made in between is seen twice.
3. A listing may be ahead of the events.  What is known by it and went since has an event of its
   own, still to come; so has what came.
4. Links are never followed; the events of what they lead to come from there, if it is in the tree.
"""

import errno
import time
from collections.abc import Iterable

from fsmond.watching.contract import Sink
from fsmond.watching.happening import Files, Happening, Kind
from fsmond.watching.known import Known, parent_of

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Digest:
    """Takes in events and lists directories; not thread-safe, its owner holds a lock."""

    def __init__(self, files: Files, sink: Sink, excluded: frozenset[bytes]) -> None:
        self._files = files
        self._sink = sink
        self._excluded = excluded
        self._hidden = excluded | {path + b"/" for path in excluded}
        self._within = tuple(path + b"/" for path in excluded | {b".git"})
        self.known = Known(files.directory_at(b"") or 0)
        self.unreadable: dict[bytes, None] = {}
        """Prefixes of directories that can't be listed."""
        self.departed: dict[bytes, None] = {}
        """Prefixes of directories that left their places, and may be there again."""
        self._to_list: list[tuple[bytes, bool]] = [(b"", False)]  # and whether to report all

    @property
    def is_done(self) -> bool:
        """Say whether nothing is to be listed."""
        return not self._to_list

    def survey(self) -> None:
        """Have the whole tree listed anew, without a report of what is found."""
        self._to_list = [(b"", False)]

    def retry(self) -> None:
        """Have another look at what could not be listed."""
        self._to_list += [(prefix, True) for prefix in self.unreadable]

    def take_in(self, happenings: Iterable[Happening]) -> None:
        """Report what changed; what has to be listed is left to `work`."""
        changed: dict[bytes, None] = {}
        came: dict[bytes, None] = {}
        for path, kind, is_directory in happenings:
            if not self._is_hidden(path):
                if is_directory or (is_directory is None and kind is not Kind.CHANGED):
                    self._look(Happening(path, kind, is_directory), changed, came)
                elif is_directory is False or not self._is_known(path):
                    changed[path] = None
                    self.known.note(path)
                    if kind is not Kind.CHANGED:
                        came[path] = None
        if changed:
            self._sink.changed(changed)
        if came:
            self._sink.came(came)

    def work(self, deadline: float) -> bool:
        """List what is to be listed; say whether all is done.  Stops soon after `deadline`."""
        while self._to_list:
            if time.monotonic() > deadline:
                return False
            prefix, reporting = self._to_list.pop()
            if prefix in self.known:
                self._list(prefix, reporting=reporting)
        return True

    def _is_hidden(self, path: bytes) -> bool:
        return path in self._excluded or path.startswith(self._within) or b"/.git/" in path

    def _is_known(self, path: bytes) -> bool:
        """Say whether there is a directory: if something in it changes, so does its own time."""
        if _is_git(path):
            return self._files.directory_at(path) is not None
        return path + b"/" in self.known

    def _look(self, event: Happening, changed: dict[bytes, None], came: dict[bytes, None]) -> None:
        path, kind, was_directory = event
        prefix = path + b"/"
        folder = self.known.get(prefix)
        # What came after something went has an event of its own.
        inode = None if kind is Kind.WENT else self._files.directory_at(path)
        if inode is not None:
            changed[prefix] = None
            if folder is None or folder.inode != inode or kind is Kind.MOVED:
                self._arrive(prefix, inode)
            return
        self.known.note(path)
        if folder is not None:
            self._leave(prefix)
        elif was_directory or _is_git(path):
            changed[prefix] = None
        if not was_directory:
            # Also if a directory is known there: that may be a later one, of which a listing told.
            changed[path] = None
            if kind is not Kind.WENT:
                came[path] = None

    def _arrive(self, prefix: bytes, inode: int) -> None:
        """Have a directory listed, and reported, that is there now."""
        above = parent_of(prefix)
        while not _is_git(prefix[:-1]) and above not in self.known:
            # It came together with what holds it, of which the event is still to come, or to a
            # directory that is not listed yet.
            found = self._files.directory_at(above[:-1])
            if found is None:
                return
            prefix, inode, above = above, found, parent_of(above)
        if _is_git(prefix[:-1]):
            return
        if prefix in self.known:
            self._leave(prefix)
        self.known.add(prefix, inode)
        self._to_list.append((prefix, True))

    def _leave(self, prefix: bytes) -> None:
        """Report what is known to have been in a directory, and forget it."""
        for each, witness in self.known.remove(prefix):
            self.departed[each] = None
            self.unreadable.pop(each, None)
            self._sink.changed((each,) if witness is None else (each, witness))

    def _list(self, prefix: bytes, *, reporting: bool) -> None:
        try:
            directories, others = self._files.contents(prefix)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                self.unreadable[prefix] = None
            return
        reporting = prefix in self.unreadable or reporting
        self.unreadable.pop(prefix, None)
        folder = self.known.get(prefix)
        assert folder is not None
        files = self._told(prefix + name for name in others)
        found = {prefix + name + b"/": name for name in directories}
        folder.witness = files[0] if files else folder.witness
        for gone in folder.children - found.keys():
            self._leave(gone)
        for each in self._told(found):
            self._list_below(each, files, reporting=reporting)
        if reporting:
            self._sink.changed([*files, *self._told(found)])
            self._sink.came(files)

    def _list_below(self, prefix: bytes, files: list[bytes], *, reporting: bool) -> None:
        if _is_git(prefix[:-1]):
            return
        inode = self._files.directory_at(prefix[:-1])
        known = self.known.get(prefix)
        if known is not None and known.inode != inode:
            self._leave(prefix)
            known = None
        if inode is None:
            files.append(prefix[:-1])  # it leads elsewhere, or went by now
            return
        if known is None:
            self.known.add(prefix, inode)
        self._to_list.append((prefix, reporting))

    def _told(self, paths: Iterable[bytes]) -> list[bytes]:
        return [path for path in paths if path not in self._hidden]


def _is_git(path: bytes) -> bool:
    """Say whether it is a nested repository's own: Git looks there by itself."""
    return path.endswith(b"/.git") or path == b".git"
