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
CAME = int(Flag.IN_CREATE | Flag.IN_MOVED_TO)
DELETED = int(Flag.IN_DELETE)
WENT = DELETED | MOVED_FROM
NAMES = CAME | WENT
OVERFLOW = int(Flag.IN_Q_OVERFLOW)
UNMOUNT = int(Flag.IN_UNMOUNT)

EVENT_HEAD = Struct("iIII")  # watch descriptor, mask, cookie, length of the padded name
_LARGEST = EVENT_HEAD.size + 256  # bytes of an event
_FEW = 4096  # bytes; seldom is more queued when somebody asks

# Nothing about opening or reading: it would fill the queue and says nothing of change.
# IN_CLOSE_WRITE is all that a store through a memory map causes, when the last mapping goes.
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
        # Not inotify_init, as watchdog does: its descriptor would be inherited by children.  Nor
        # watchdog's IN_CLOEXEC and IN_NONBLOCK: they are not what the kernel knows by these names.
        self._descriptor: int = init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._descriptor == -1:
            raise _last_error()
        self._queued = array("i", [0])  # bytes; written by the kernel

    def fileno(self) -> int:
        """Return the descriptor, readable when an event is queued."""
        return self._descriptor

    def watch(self, path: bytes) -> int:
        """Return the watch descriptor of the directory that is at `path` now, made if need be."""
        descriptor: int = _add_watch(self._descriptor, path, _MASK)
        if descriptor == -1:
            raise _last_error(path)
        return descriptor

    def forget(self, descriptor: int) -> None:
        """Remove a watch.  Harmless when the kernel did so already."""
        _remove_watch(self._descriptor, WatchDescriptor(descriptor))

    def take(self) -> bytes:
        """Take all that is queued at this moment, which must be something."""
        data = os.read(self._descriptor, _FEW)
        if len(data) <= _FEW - _LARGEST:
            return data  # the next one would have fitted in
        fcntl.ioctl(self._descriptor, termios.FIONREAD, self._queued)
        size = self._queued[0]
        return data + os.read(self._descriptor, size) if size else data

    def close(self) -> None:
        """Remove all watches.  Harmless when repeated."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1


def _last_error(path: bytes | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
