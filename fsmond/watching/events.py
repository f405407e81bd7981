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
    OVERFLOW,
    UNMOUNT,
)
from fsmond.watching.contract import Sink
from fsmond.watching.coverage import Coverage
from fsmond.watching.directory import Directory


class Intake:
    """Takes in what was read from a queue; not thread-safe, its owner holds a lock."""

    def __init__(self, coverage: Coverage, sink: Sink, excluded: frozenset[bytes]) -> None:
        self._coverage = coverage
        self._sink = sink
        self._hidden = [*excluded, *(path + b"/" for path in excluded)]
        self._leaving: tuple[int, bytes] | None = None  # what was moved away last, and the cookie
        self.received = 0
        """Events until now."""
        self.latest = 0
        """Those among them that came last, together."""

    def take_in(self, data: bytes) -> bool:
        """Report what changed, and have new places looked at; say whether events were dropped."""
        # About a microsecond an event: a burst must be read faster than a program can cause it.
        head, by_descriptor = EVENT_HEAD.unpack_from, self._coverage.by_descriptor
        changed: dict[bytes, None] = {}
        came: dict[bytes, None] = {}
        at, end, count, dropped = 0, len(data), 0, False
        while at < end:
            descriptor, mask, cookie, size = head(data, at)
            at += 16
            count += 1
            name = data[at : at + size].rstrip(b"\0")
            at += size
            directory = by_descriptor.get(descriptor)
            if directory is None:
                # One that was forgotten since, or all: what it was about was looked at anew.
                dropped = dropped or bool(mask & OVERFLOW)
            elif not name:
                self._end_of_watch(directory, mask)
            elif mask & IS_DIRECTORY:
                changed[directory.prefix + name + b"/"] = None
                self._coverage.look(directory, name, anew=bool(mask & MOVED_TO))
            else:
                path = directory.prefix + name
                changed[path] = None
                directory.witness = name
                if cookie:
                    self._note_move(path, cookie, mask)
                if mask & CAME:
                    came[path] = None
                elif mask & DELETED:
                    # There is nothing to be looked at any more.  Of what was moved away this is not
                    # so: when two names are exchanged, each one comes before it goes.
                    came.pop(path, None)
        self.received += count
        self.latest = count
        self._report(changed, came)
        return dropped

    def _report(self, changed: dict[bytes, None], came: dict[bytes, None]) -> None:
        for path in self._hidden:
            if path in changed:
                del changed[path]
                came.pop(path, None)
        if changed:
            self._sink.changed(changed)
        if came:
            self._sink.came(came)

    def _note_move(self, path: bytes, cookie: int, mask: int) -> None:
        # The kernel queues both halves of a move one after the other.
        if mask & MOVED_FROM:
            self._leaving = cookie, path
        elif self._leaving is not None and self._leaving[0] == cookie:
            self._sink.moved(self._leaving[1], path)

    def _end_of_watch(self, directory: Directory, mask: int) -> None:
        """Deal with what the kernel tells about a watched directory itself."""
        if mask & UNMOUNT and directory.parent is not None:
            self._sink.changed((directory.prefix,))
            self._coverage.look(directory.parent, directory.name, anew=True)
        if mask & IGNORED:
            self._coverage.kernel_removed(directory)
            if directory is self._coverage.root:
                self._sink.gone("the directory was removed")
