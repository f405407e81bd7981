"""What fanotify reports, in the form in which inotify does.

The kernel joins an event with an earlier one that has not been read yet, if process, directory and
name are the same.  So the order of what happened to a name is lost between two moments at which the
queue is empty: of a name that vanished in between it is not known whether it is there at last.
Then one event says that it appeared and vanished, which has it looked up.
"""

import sys

assert sys.platform == "linux"

from collections.abc import Iterator
from struct import Struct

from fsmond.watching.fanotify.calls import (
    ATTRIB,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    DELETE_SELF,
    MODIFY,
    ONDIR,
    OVERFLOW,
    RENAME,
)
from fsmond.watching.inotify.calls import EVENT_HEAD, IGNORED, MOVED_FROM, MOVED_TO

_EVENT = Struct("=IBBHQii")  # length, version, -, length of this head, mask, descriptor, process
_VERSION = 3
_INFO = Struct("=BBH")  # type, -, length
# Both, as most events have them, and the beginning of a handle: the file system, and the size.
_USUAL = Struct("=IBBHQqBBH8sI")
_KEY = _EVENT.size + _INFO.size  # where the file system and the handle are in that
_HANDLE_TYPE = 4  # bytes between the size and the handle itself
_FID, _DFID_NAME, _OLD_DFID_NAME, _NEW_DFID_NAME = 1, 2, 10, 12
_HANDLE = 12  # where in an information record the size of the handle is, after the file system
_SIZE = Struct("=I")
_HANDLE_HEAD = 8  # bytes: the size and the type of the handle
_NO_LENGTH = "fanotify reports a record without a length"
_NONE = -1  # no watch descriptor
_MAX_GONE = 20_000  # names that vanished since the queue was empty
_MAX_COOKIE = 0xFFFFFFFF
_RARE = DELETE_SELF | OVERFLOW | RENAME | ONDIR
_NAMES = CREATE | DELETE
_SAME = MODIFY | ATTRIB | CLOSE_WRITE | CREATE | ONDIR  # as in inotify


class RecordError(Exception):
    """The kernel reports in a form that is not known, so it is not known what changed."""


_Place = tuple[int, bytes]
"""The watch descriptor of a directory, and a name in it."""


class Records:
    """Translates one queue's records; not thread-safe."""

    def __init__(self, numbers: dict[bytes, int]) -> None:
        """`numbers`: the watch descriptor of each directory, by file system and handle."""
        self._numbers = numbers
        self.unreadable: dict[bytes, _Place] = {}
        """Directories that cannot be marked, by file system and handle, and where each is.

        What happens to one itself is reported by its own handle, not by its place.
        """
        self.linked: dict[bytes, tuple[int, bytes]] = {}
        """Files with several names, by file system and handle: the inode, and one of the paths."""
        self._elsewhere: dict[int, bytes] = {}  # those of them that changed in no known directory
        self._cookie = 0
        self._gone: set[_Place] = set()  # what vanished since the queue was empty
        self._has_more_gone = False  # names that did not fit in there
        self._found: list[bytes] = []
        self._ended: list[int] = []

    def translate(self, data: bytes) -> tuple[int, bytes]:
        """Return how many events there are, and what inotify would have reported.

        Raise RecordError.
        """
        # A few microseconds an event: it has to be faster than programs cause them.
        head, numbers, same, add = _USUAL.unpack_from, self._numbers, _SAME, self._found.append
        linked = self.linked
        at, end, count = 0, len(data), 0
        while at < end:
            if end - at < _USUAL.size:
                at += self._unusual(data, at)
                count += 1
                continue
            size, version, _, _, mask, _, kind, _, length, _, handle = head(data, at)
            if mask & _RARE or kind != _DFID_NAME or version != _VERSION:
                self._unusual(data, at)
            else:
                name_at = at + _USUAL.size + _HANDLE_TYPE + handle
                number = numbers.get(data[at + _KEY : name_at])
                if number is not None:
                    name = data[name_at : at + _EVENT.size + length].rstrip(b"\0")
                    kept = mask & same
                    if mask & _NAMES:
                        kept |= self._end_of((number, name), mask)
                    add(EVENT_HEAD.pack(number, kept, 0, len(name)) + name)
                elif linked:
                    self._note_elsewhere(data, at + _EVENT.size + length, at + size)
            at += size
            count += 1
        found = b"".join(self._found)
        self._found.clear()
        return count, found

    def note_empty(self) -> None:
        """Note that the queue was empty: what is read from now on happened later."""
        self._gone.clear()
        self._has_more_gone = False

    def take_ended(self) -> list[int]:
        """Return the watch descriptors of directories that were removed since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def take_elsewhere(self) -> dict[int, bytes]:
        """Return the files in `linked` that changed in no known directory, since the last call."""
        found, self._elsewhere = self._elsewhere, {}
        return found

    def _unusual(self, data: bytes, at: int) -> int:
        """Translate one event of any kind; return its size."""
        size, version, _, head, mask, _, _ = _EVENT.unpack_from(data, at)
        if version != _VERSION or size < head:
            raise RecordError(f"fanotify's records have version {version}, not {_VERSION}")
        if mask & OVERFLOW:
            self._add(_NONE, OVERFLOW, b"")
        elif mask & RENAME:
            self._rename(mask, dict(self._places(data, at + head, at + size)))
        else:
            for _, place in self._places(data, at + head, at + size):
                self._event(mask, place)
        if self.linked:
            self._note_elsewhere(data, at + head, at + size)
        return int(size)

    def _note_elsewhere(self, data: bytes, at: int, end: int) -> None:
        """Note that a file changed, if it has several names; these are an event's records."""
        while at < end:
            kind, _, length = _INFO.unpack_from(data, at)
            if not length:
                raise RecordError(_NO_LENGTH)
            if kind == _FID:
                size = _SIZE.unpack_from(data, at + _HANDLE)[0]
                file = self.linked.get(data[at + _INFO.size : at + _HANDLE + _HANDLE_HEAD + size])
                if file is not None:
                    self._elsewhere[file[0]] = file[1]
            at += length

    def _places(self, data: bytes, at: int, end: int) -> Iterator[tuple[int, _Place]]:
        """Yield the names that an event is about, each with the type of its record."""
        while at < end:
            kind, _, length = _INFO.unpack_from(data, at)
            if not length:
                raise RecordError(_NO_LENGTH)
            if kind in (_DFID_NAME, _OLD_DFID_NAME, _NEW_DFID_NAME):
                size = _SIZE.unpack_from(data, at + _HANDLE)[0]
                name_at = at + _HANDLE + _HANDLE_HEAD + size
                key = data[at + _INFO.size : name_at]
                name = data[name_at : at + length].rstrip(b"\0")
                if key in self._numbers:
                    yield kind, (self._numbers[key], name)
                elif name == b"." and key in self.unreadable:
                    yield kind, self.unreadable[key]
            at += length

    def _event(self, mask: int, place: _Place) -> None:
        number, name = place
        kept = mask & _SAME
        if name == b".":  # the directory itself
            if mask & DELETE_SELF:
                kept |= IGNORED
                self._ended.append(number)
            self._add(number, kept, b"")
            return
        self._add(number, kept | self._end_of(place, mask), name)

    def _end_of(self, place: _Place, mask: int) -> int:
        """Return MOVED_FROM if a name may be gone: not as deleted, which is never looked up."""
        if mask & DELETE:
            self._note_gone(place)
            return MOVED_FROM
        return MOVED_FROM if mask & CREATE and self._may_be_gone(place) else 0

    def _rename(self, mask: int, places: dict[int, _Place]) -> None:
        """Report both names of a move, or the one that is in a watched directory."""
        self._cookie = self._cookie % _MAX_COOKIE + 1
        old, new = places.get(_OLD_DFID_NAME), places.get(_NEW_DFID_NAME)
        if old is not None:
            self._note_gone(old)
            self._add(old[0], MOVED_FROM | (mask & ONDIR), old[1], self._cookie)
        if new is not None:
            self._add(new[0], MOVED_TO | (mask & ONDIR), new[1], self._cookie)
            if self._may_be_gone(new):
                self._add(new[0], CREATE | MOVED_FROM | (mask & ONDIR), new[1])

    def _note_gone(self, place: _Place) -> None:
        if len(self._gone) < _MAX_GONE:
            self._gone.add(place)
        else:
            self._has_more_gone = True

    def _may_be_gone(self, place: _Place) -> bool:
        return self._has_more_gone or place in self._gone

    def _add(self, number: int, mask: int, name: bytes, cookie: int = 0) -> None:
        self._found.append(EVENT_HEAD.pack(number, mask, cookie, len(name)) + name)
