"""What the kernel's events tell: which paths changed, and where to look."""

import sys

assert sys.platform == "linux"

from fsmond.watching.calls import (
    CAME,
    DELETED,
    EVENT_HEAD,
    IGNORED,
    IS_DIRECTORY,
    MOVED_FROM,
    MOVED_TO,
    NAMES,
    OVERFLOW,
    UNMOUNT,
)
from fsmond.watching.contract import Sink
from fsmond.watching.coverage import Coverage, Steps
from fsmond.watching.directory import Directory

_STEP = 256  # events that are taken in at a time; about a third of a millisecond
_MOST_GONE = 50_000  # names that went, and are remembered for events that still bear them
_UNNAMED = ord("#")  # how the kernel's name begins for a file that has none (O_TMPFILE)


class Intake:
    """Takes in what was read from a queue; not thread-safe, its owner holds a lock."""

    def __init__(self, coverage: Coverage, sink: Sink, excluded: frozenset[bytes]) -> None:
        self._coverage = coverage
        self._sink = sink
        self._hidden = [*excluded, *(path + b"/" for path in excluded)]
        self._changed: dict[bytes, None] = {}
        self._came: dict[bytes, None] = {}
        # A file that is open is known to the kernel by the name by which it was opened, also when
        # that name went; its other names are in no event.
        self._gone: dict[bytes, None] = {}
        self._leaving: tuple[int, bytes] | None = None  # what was moved away last, and the cookie
        self.received = 0
        """Events until now."""
        self.latest = 0
        """Those among them that came last, together."""
        self.dropped = False
        """Whether the kernel said that it dropped events; to be reset by whoever deals with it."""

    def take_in(self, data: bytes) -> Steps:
        """Report what changed, and have new places looked at; see rule 6 of the coverage."""
        # About a microsecond an event: a burst must be read faster than a program can cause it.
        head, by_descriptor = EVENT_HEAD.unpack_from, self._coverage.by_descriptor
        changed, gone = self._changed, self._gone
        at, end, count, known, prefix = 0, len(data), 0, None, b""
        while at < end:
            descriptor, mask, cookie, size = head(data, at)
            at += 16
            count += 1
            name = data[at : at + size].rstrip(b"\0")
            at += size
            directory = by_descriptor.get(descriptor)
            if directory is None:
                # One that was forgotten since, or all: what it was about was looked at anew.
                self.dropped = self.dropped or bool(mask & OVERFLOW)
            elif not name or mask & IS_DIRECTORY:
                known = None  # where directories are may be another after this
                yield from self._take_directory(directory, name, mask)
            else:
                if directory is not known:
                    known, prefix = directory, directory.prefix
                path = prefix + name
                changed[path] = None
                directory.witness = name
                if mask & NAMES:
                    self._note_name(path, mask, cookie)
                elif path in gone or name[0] == _UNNAMED:
                    self._note_misnamed(path, prefix)
            if not count % _STEP:
                self._report()
                yield
        self.received += count
        self.latest = count
        self._report()

    def _note_name(self, path: bytes, mask: int, cookie: int) -> None:
        """Take a name that came or went."""
        if mask & MOVED_FROM:
            # The kernel queues both halves of a move one after the other.
            self._leaving = cookie, path
        elif mask & MOVED_TO and self._leaving is not None and self._leaving[0] == cookie:
            self._sink.moved(self._leaving[1], path)
        if mask & CAME:
            self._came[path] = None
            self._gone.pop(path, None)
            return
        self._gone[path] = None
        if mask & DELETED:
            # There is nothing to be looked at any more.  Of what was moved away this is not so:
            # when two names are exchanged, each one comes before it goes.
            self._came.pop(path, None)

    def _note_misnamed(self, path: bytes, prefix: bytes) -> None:
        """Take a change of a file that has other names by now than the event says."""
        if path in self._gone or path[len(prefix) + 1 :].isdigit():
            self._sink.doubt(prefix)

    def _report(self) -> None:
        changed, came = self._changed, self._came
        for path in self._hidden:
            if path in changed:
                del changed[path]
                came.pop(path, None)
        if changed:
            self._sink.changed(changed)
            changed.clear()
        if came:
            self._sink.came(came)
            came.clear()
        if len(self._gone) > _MOST_GONE:
            for path in list(self._gone)[: _MOST_GONE // 2]:
                del self._gone[path]

    def _take_directory(self, directory: Directory, name: bytes, mask: int) -> Steps:
        """Deal with what the kernel tells of a directory: one in a watched one, or that itself."""
        if name:
            self._changed[b"%b%b/" % (directory.prefix, name)] = None
            if mask & MOVED_TO:
                self._coverage.note_mounts()
            yield from self._coverage.look(directory, name, anew=bool(mask & MOVED_TO))
            return
        if mask & UNMOUNT and directory.parent is not None:
            self._sink.changed((directory.prefix,))
            yield from self._coverage.look(directory.parent, directory.name, anew=True)
        if mask & IGNORED:
            self._coverage.kernel_removed(directory)
            if directory is self._coverage.root:
                self._sink.gone("the directory was removed")
