"""The system calls of inotify, over watchdog's bindings and constants."""

import sys

assert sys.platform == "linux"

import ctypes
import fcntl
import os
import termios
from array import array
from collections.abc import Sequence
from struct import Struct

from watchdog.observers import inotify_c
from watchdog.observers.inotify_c import InotifyConstants as Flag
from watchdog.observers.inotify_c import Mask, WatchDescriptor

from fsmond.watching.limits import WatchError, no_instance, no_watch

ATTRIBUTES = int(Flag.IN_ATTRIB)
IGNORED = int(Flag.IN_IGNORED)
IS_DIRECTORY = int(Flag.IN_ISDIR)
MOVED_FROM = int(Flag.IN_MOVED_FROM)
MOVED_TO = int(Flag.IN_MOVED_TO)
APPEARED = int(Flag.IN_CREATE | Flag.IN_MOVED_TO)
DELETED = int(Flag.IN_DELETE)
DISAPPEARED = DELETED | MOVED_FROM
NAMES = APPEARED | DISAPPEARED
OVERFLOW = int(Flag.IN_Q_OVERFLOW)
UNMOUNT = int(Flag.IN_UNMOUNT)

EVENT_HEAD = Struct("iIII")  # watch descriptor, mask, cookie, length of the padded name
_LARGEST = EVENT_HEAD.size + 256  # bytes of an event
_SMALL_READ = 4096  # bytes; at a query there is seldom more in the queue

# Without the events for opening and reading: they would fill the queue, and are no changes.
# A store through a memory map causes only IN_CLOSE_WRITE, when the last mapping is removed.
_MASK = Mask(
    Flag.IN_CREATE
    | Flag.IN_DELETE
    | Flag.IN_MOVED_FROM
    | Flag.IN_MOVED_TO
    | Flag.IN_MODIFY
    | Flag.IN_ATTRIB
    | Flag.IN_CLOSE_WRITE
    | Flag.IN_ONLYDIR
    | Flag.IN_DONT_FOLLOW
)

_init1 = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, use_errno=True)
_add_watch = inotify_c.inotify_add_watch
_remove_watch = inotify_c.inotify_rm_watch


class Queue:
    """One inotify instance; see Source."""

    def __init__(self) -> None:
        """Raise WatchError."""
        init1 = _init1(("inotify_init1", inotify_c.libc))
        # Not inotify_init, as watchdog uses: children would inherit the descriptor.  Nor watchdog's
        # IN_CLOEXEC and IN_NONBLOCK: their values differ from the kernel's.
        self._descriptor: int = init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor == -1:
            raise no_instance(_last_error())
        self._queued_bytes = array("i", [0])  # bytes; written by the kernel

    @property
    def filenos(self) -> Sequence[int]:
        """See Source."""
        return (self._descriptor,)

    @property
    def shareable(self) -> "Queue":
        """See Source."""
        return self

    def watch(self, path: bytes) -> int:
        """See Source."""
        descriptor: int = _add_watch(self._descriptor, path, _MASK)
        if descriptor == -1:
            raise _last_error(path)
        return descriptor

    def unwatch(self, descriptor: int) -> None:
        """See Source."""
        _remove_watch(self._descriptor, WatchDescriptor(descriptor))

    def read(self, fileno: int) -> bytes:
        """See Source; there must be at least one event."""
        data = os.read(fileno, _SMALL_READ)
        if len(data) <= _SMALL_READ - _LARGEST:
            return data  # another event would have fitted: the queue is empty
        fcntl.ioctl(fileno, termios.FIONREAD, self._queued_bytes)
        size = self._queued_bytes[0]
        return data + os.read(fileno, size) if size else data

    def no_watch(self, root: bytes, error: OSError) -> WatchError:
        """See Source."""
        return no_watch(root, error)

    def close(self) -> None:
        """See Source."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1


def _last_error(path: bytes | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
