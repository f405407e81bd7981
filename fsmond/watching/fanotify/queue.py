"""What inotify's queue does, by fanotify.

A directory is identified by its handle, which no other directory has before or after it.  With the
capability CAP_SYS_ADMIN one mark has all of a file system reported, and there is no limit.  Other
users mark each directory, of which they may have `fs.fanotify.max_user_marks`.  A mark of a
directory cannot be removed without its path: it ends with the directory, or with the queue.
"""

import sys

assert sys.platform == "linux"

import errno
import fcntl
import os
import stat
import termios
from array import array
from collections.abc import Sequence

from fsmond.watching.fanotify.calls import Group, Handles, file_system_of
from fsmond.watching.fanotify.records import Records
from fsmond.watching.limits import WatchError, no_group, no_mark

_MAX_UNREADABLE = 10_000  # directories; any more are part of each answer
_MAX_LINKED = 50_000  # files with several names, about 10 MB; the latest are kept
_READ = 1 << 16  # bytes at a time
_HEAD = 24  # bytes; FIONREAD counts so many for each event, whatever its size
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FIRST = -2  # watch descriptors go down from here: inotify's are positive, and -1 is none
_REFUSED = frozenset({errno.EPERM, errno.EINVAL, errno.EXDEV, errno.ENODEV, errno.EOPNOTSUPP})


class FanotifyQueue:
    """See Source.  Raises RecordError if the kernel reports in a form that is not known."""

    def __init__(self, *, whole: bool = True) -> None:
        """Raise WatchError.  `whole`: mark whole file systems, where that is permitted."""
        try:
            self._group = Group()
        except OSError as error:
            raise no_group(error) from error
        self._handles = Handles()
        self._numbers: dict[bytes, int] = {}
        self._keys: dict[int, bytes] = {}
        self._next = _FIRST
        self._records = Records(self._numbers)
        self._whole = whole
        self._mount = -1  # that of the first directory, if all of its file system is marked
        self._file_systems: dict[int, bytes] = {}  # by mount
        self._queued = array("i", [0])  # written by the kernel

    @property
    def filenos(self) -> Sequence[int]:
        """See Source."""
        return (self._group.descriptor,)

    @property
    def shareable(self) -> None:
        """See Source: the descriptors are our own."""
        return

    def known(self, path: bytes) -> int | None:
        """Return the watch descriptor of the directory at `path`, if it is watched."""
        key = self._key(path)
        return None if key is None else self._numbers.get(key)

    def watch(self, path: bytes) -> int:
        """See Source; raise OSError with EXDEV for a file system that fanotify does not support."""
        if self._mount != -1:
            mount, handle = self._handles.at(path)
            if mount == self._mount:
                if not stat.S_ISDIR(os.lstat(path).st_mode):  # another one by now has an event
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
                return self._number(self._file_systems[mount] + handle)
        try:
            opened = os.open(path, _OPEN)
        except PermissionError:
            self._note_unreadable(path)
            raise
        try:
            return self._watch_open(opened)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.ENODEV, errno.EOVERFLOW):
                raise OSError(errno.EXDEV, "its file system has no handles", path) from error
            raise
        finally:
            os.close(opened)

    def unwatch(self, descriptor: int) -> None:
        """See Source."""
        key = self._keys.pop(descriptor, None)
        if key is not None:
            del self._numbers[key]

    def read(self, fileno: int) -> bytes:
        """See Source."""
        fcntl.ioctl(fileno, termios.FIONREAD, self._queued)
        left, found = self._queued[0] // _HEAD, []
        try:
            while left > 0:
                count, data = self._records.translate(os.read(fileno, _READ))
                left -= count
                found.append(data)
            fcntl.ioctl(fileno, termios.FIONREAD, self._queued)
            is_empty = not self._queued[0]
        except BlockingIOError:  # events were joined meanwhile
            is_empty = True
        if is_empty:
            self._records.note_empty()
        for each in self._records.take_ended():
            self.unwatch(each)
        return b"".join(found)

    def note_linked(self, path: bytes, inode: int, name: bytes) -> None:
        """Have `take_elsewhere` report the file at `path`, by its inode and this name.

        Only if all of its file system is marked.
        """
        key = self._key(path) if self._mount != -1 else None
        if key is not None:
            linked = self._records.linked
            linked.pop(key, None)
            linked[key] = inode, name
            if len(linked) > _MAX_LINKED:
                del linked[next(iter(linked))]

    def take_elsewhere(self) -> dict[int, bytes]:
        """Return what changed of the files that were noted, in directories that are not watched."""
        return self._records.take_elsewhere()

    def no_watch(self, root: bytes, error: OSError) -> WatchError:
        """See Source."""
        return no_mark(root, error)

    def close(self) -> None:
        """See Source."""
        self._group.close()

    def _note_unreadable(self, path: bytes) -> None:
        """Have it reported when it can be read, if the directory that holds it is watched."""
        above, _, name = path.rpartition(b"/")
        parent, key = self.known(above + b"/"), self._key(path)
        if parent is not None and key and len(self._records.unreadable) < _MAX_UNREADABLE:
            self._records.unreadable[key] = (parent, name)

    def _key(self, path: bytes) -> bytes | None:
        """Return what identifies a directory, if its mount is known."""
        try:
            mount, handle = self._handles.at(path)
        except OSError:
            return None
        file_system = self._file_systems.get(mount)
        return None if file_system is None else file_system + handle

    def _watch_open(self, opened: int) -> int:
        mount, handle = self._handles.of_open(opened)
        file_system = self._file_systems[mount] = file_system_of(opened)
        if not (self._whole and self._mark_whole(opened)):
            self._group.mark_directory(opened)
        elif self._next == _FIRST:
            self._group.mark_removal(opened)
            self._mount = mount
        return self._number(file_system + handle)

    def _mark_whole(self, opened: int) -> bool:
        """Mark the file system; return whether that is possible.

        Each time: its mark ends with an unmount, of which no event tells.
        """
        try:
            self._group.mark_file_system(opened)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            if error.errno == errno.EPERM:
                self._whole = False  # elsewhere as well
            return False
        return True

    def _number(self, key: bytes) -> int:
        number = self._numbers.get(key)
        if number is None:
            number, self._next = self._next, self._next - 1
            self._numbers[key] = number
            self._keys[number] = key
            self._records.unreadable.pop(key, None)
        return number
