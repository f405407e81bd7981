"""The system calls of inotify, over watchdog's bindings and constants."""

import sys

assert sys.platform == "linux"

import ctypes
import fcntl
import os
import termios
from array import array
from struct import Struct

from watchdog.observers import inotify_c
from watchdog.observers.inotify_c import InotifyConstants as Flag
from watchdog.observers.inotify_c import Mask, WatchDescriptor

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
    """One inotify instance: its watches, and the events the kernel has queued for them.

    Not thread-safe; its owner holds a lock.  Raises OSError with the kernel's errno.
    """

    def __init__(self) -> None:
        init1 = _init1(("inotify_init1", inotify_c.libc))
        # Not inotify_init, as watchdog uses: children would inherit the descriptor.  Nor watchdog's
        # IN_CLOEXEC and IN_NONBLOCK: their values differ from the kernel's.
        self._descriptor: int = init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor == -1:
            raise _last_error()
        self._queued_bytes = array("i", [0])  # bytes; written by the kernel

    def fileno(self) -> int:
        """Return the descriptor, readable when an event is queued."""
        return self._descriptor

    def watch(self, path: bytes) -> int:
        """Watch the directory that is at `path` now; return its watch descriptor, new or known."""
        descriptor: int = _add_watch(self._descriptor, path, _MASK)
        if descriptor == -1:
            raise _last_error(path)
        return descriptor

    def unwatch(self, descriptor: int) -> None:
        """Remove a watch.  Harmless when the kernel already did so."""
        _remove_watch(self._descriptor, WatchDescriptor(descriptor))

    def read(self) -> bytes:
        """Read all events that are queued at this moment; there must be at least one."""
        data = os.read(self._descriptor, _SMALL_READ)
        if len(data) <= _SMALL_READ - _LARGEST:
            return data  # another event would have fitted: the queue is empty
        fcntl.ioctl(self._descriptor, termios.FIONREAD, self._queued_bytes)
        size = self._queued_bytes[0]
        return data + os.read(self._descriptor, size) if size else data

    def close(self) -> None:
        """Remove all watches.  Harmless when repeated."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1


def _last_error(path: bytes | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
