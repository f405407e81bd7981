"""Interpret the kernel's events: which paths changed, and which places to check."""

import sys

assert sys.platform == "linux"

from fsmond.watching.contract import CREATED, PRESENT, REMOVED, Sink
from fsmond.watching.inotify.calls import (
    APPEARED,
    ATTRIBUTES,
    DELETED,
    DISAPPEARED,
    EVENT_HEAD,
    IGNORED,
    IS_DIRECTORY,
    MOVED_FROM,
    MOVED_TO,
    NAMES,
    OVERFLOW,
    UNMOUNT,
)
from fsmond.watching.inotify.coverage import Coverage, Steps
from fsmond.watching.inotify.directory import Directory

_STEP = 256  # events handled at a time; about a third of a millisecond
_MAX_REMOVED = 50_000  # removed names to remember, as later events may still have them
_UNNAMED = ord("#")  # starts the kernel's name for a file without one (O_TMPFILE)


class EventHandler:
    """Handles what was read from a queue; not thread-safe, its owner holds a lock."""

    def __init__(self, coverage: Coverage, sink: Sink, excluded: frozenset[bytes]) -> None:
        self._coverage = coverage
        self._sink = sink
        self._hidden = [*excluded, *(path + b"/" for path in excluded)]
        self._changed: dict[bytes, None] = {}
        self._appeared: dict[bytes, None] = {}
        self._names: dict[bytes, int] = {}  # what became of them: CREATED, PRESENT or REMOVED
        # The kernel reports changes to an open file under the name with which it was opened, even
        # after that name was removed; no event has the file's other names.
        self._removed: dict[bytes, None] = {}
        self._moved_from: tuple[int, bytes] | None = None  # the last one: cookie and path
        self.received = 0
        """Number of events so far."""
        self.last_count = 0
        """Number of events in the last batch."""
        self.dropped = False
        """Whether the kernel reported dropped events; whoever handles that resets it."""

    def handle(self, data: bytes) -> Steps:
        """Report what changed, and have new directories checked; see rule 6 of the coverage."""
        # About a microsecond an event: a burst must be read faster than a program can cause it.
        head, by_descriptor = EVENT_HEAD.unpack_from, self._coverage.by_descriptor
        changed, removed = self._changed, self._removed
        at, end, count, previous, prefix = 0, len(data), 0, None, b""
        while at < end:
            descriptor, mask, cookie, size = head(data, at)
            at += 16
            count += 1
            name = data[at : at + size].rstrip(b"\0")
            at += size
            directory = by_descriptor.get(descriptor)
            if directory is None:
                self._handle_unknown(name, mask)
            elif not name or mask & IS_DIRECTORY:
                previous = None  # its prefix may be another one after this
                yield from self._handle_directory(directory, name, mask)
            else:
                if directory is not previous:
                    previous, prefix = directory, directory.prefix
                path = prefix + name
                changed[path] = None
                directory.sample_name = name
                if mask & NAMES:
                    self._note_name(path, self._last_of(directory, name, mask), cookie)
                elif path in removed or name[0] == _UNNAMED:
                    self._note_misnamed(path, prefix)
            if not count % _STEP:
                self._report()
                yield
        self.received += count
        self.last_count = count
        self._report()

    def _handle_unknown(self, name: bytes, mask: int) -> None:
        """Handle an event of a forgotten directory, or of one that another process has found.

        The place of a forgotten one was checked again.  Or, by an overflow, of all directories.
        """
        self.dropped = self.dropped or bool(mask & OVERFLOW)
        if not name or mask & IS_DIRECTORY:
            self._coverage.shared.spoil()

    def _note_name(self, path: bytes, mask: int, cookie: int) -> None:
        """Handle a name that appeared or was removed."""
        if mask & MOVED_FROM:
            # The kernel queues both halves of a move one after the other.
            self._moved_from = cookie, path
        elif mask & MOVED_TO and self._moved_from is not None and self._moved_from[0] == cookie:
            self._sink.moved(self._moved_from[1], path)
        self._note_presence(path, mask)
        if mask & APPEARED:
            self._appeared[path] = None
            self._removed.pop(path, None)
            return
        self._removed[path] = None
        if mask & DELETED:
            # There is nothing left to look up.  Not so for a name that was moved away: when two
            # names are exchanged, each appears before it is moved away.
            self._appeared.pop(path, None)

    def _last_of(self, directory: Directory, name: bytes, mask: int) -> int:
        """Return the event that came last, if a name appeared and vanished in either order."""
        if not (mask & APPEARED and mask & DISAPPEARED):
            return mask
        is_there = self._coverage.opener.holds(directory, name)
        if is_there is None:  # its directory has moved on, which has it looked up again
            self._note_name(directory.prefix + name, mask & ~DISAPPEARED, 0)
        return mask & ~(DISAPPEARED if is_there else APPEARED)

    def _note_presence(self, path: bytes, mask: int) -> None:
        if mask & DISAPPEARED:
            self._names[path] = REMOVED
        elif not mask & MOVED_TO or self._names.get(path, PRESENT) != PRESENT:
            self._names[path] = CREATED
        else:
            self._names[path] = PRESENT  # something may have been replaced

    def _note_misnamed(self, path: bytes, prefix: bytes) -> None:
        """Handle a change of a file that now has other names than the one in the event."""
        if path in self._removed or path[len(prefix) + 1 :].isdigit():
            self._sink.recheck(prefix)

    def _report(self) -> None:
        changed, appeared = self._changed, self._appeared
        for path in self._hidden:
            if path in changed:
                del changed[path]
                appeared.pop(path, None)
                self._names.pop(path, None)
        if changed:
            self._sink.changed(changed, self._names)
            changed.clear()
            self._names.clear()
        if appeared:
            self._sink.appeared(appeared)
            appeared.clear()
        if len(self._removed) > _MAX_REMOVED:
            for path in list(self._removed)[: _MAX_REMOVED // 2]:
                del self._removed[path]

    def _handle_directory(self, directory: Directory, name: bytes, mask: int) -> Steps:
        """Handle an event about a subdirectory of a watched directory, or about that itself."""
        if name:
            path = b"%b%b/" % (directory.prefix, name)
            self._changed[path] = None
            if mask & NAMES:
                self._note_presence(path, mask)
            if mask & MOVED_TO:
                self._coverage.note_mounts()
            yield from self._coverage.check(directory, name, relist=bool(mask & MOVED_TO))
            return
        if mask & (UNMOUNT | ATTRIBUTES) and directory.parent is not None:
            # inotify reports attributes in the directory above as well, fanotify only here.
            self._sink.changed((directory.prefix,))
            relist = bool(mask & UNMOUNT)
            yield from self._coverage.check(directory.parent, directory.name, relist=relist)
        if mask & IGNORED:
            self._coverage.note_watch_ended(directory)
            if directory is self._coverage.root:
                self._sink.gone("the directory was removed")
