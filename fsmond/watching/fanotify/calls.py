"""The system calls of fanotify: see fanotify(7), fanotify_mark(2) and name_to_handle_at(2)."""

import sys

assert sys.platform == "linux"

import ctypes
import errno
import os
import struct

# Of fanotify_init: events carry the handle of the directory, the name in it, and the handle of the
# file; those about names as well, or they would not be joined with those about the file.
_CLASS_NOTIF = 0x0
_CLOEXEC = 0x1
_NONBLOCK = 0x2
_REPORT_FID = 0x200 | 0x1000
_REPORT_DFID_NAME = 0x400 | 0x800
# Of fanotify_mark.
_ADD, _ONLYDIR, _FILESYSTEM = 0x1, 0x8, 0x100
# Events; the lower ones have the same numbers as inotify's.
MODIFY, ATTRIB, CLOSE_WRITE, CREATE, DELETE = 0x2, 0x4, 0x8, 0x100, 0x200
DELETE_SELF, OVERFLOW, ONDIR, RENAME = 0x400, 0x4000, 0x40000000, 0x10000000
_EVENT_ON_CHILD = 0x08000000
_MASK = MODIFY | ATTRIB | CLOSE_WRITE | CREATE | DELETE | RENAME | ONDIR | _EVENT_ON_CHILD
_SELF = DELETE_SELF | ONDIR

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_HANDLE_FID = 0x200  # Linux 6.5: a handle for comparisons only, which more file systems have
_ROOM = 128  # bytes of a handle, the kernel's maximum
_HEAD = struct.Struct("=Ii")  # of a `struct file_handle`: its bytes, and its type
_STATFS = 512  # bytes; a `struct statfs` takes 120
_FSID = slice(7 * ctypes.sizeof(ctypes.c_long), 7 * ctypes.sizeof(ctypes.c_long) + 8)  # in that

_libc = ctypes.CDLL(None, use_errno=True)


class Group:
    """One fanotify group; not thread-safe.  Raises OSError with the kernel's errno.

    A directory is given by a descriptor that is open for reading.
    """

    def __init__(self) -> None:
        """Raise OSError: EMFILE if the user may have no more, ENOSYS if there is no fanotify."""
        flags = _CLASS_NOTIF | _CLOEXEC | _NONBLOCK | _REPORT_FID | _REPORT_DFID_NAME
        init = getattr(_libc, "fanotify_init", None)
        if init is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self.descriptor: int = init(ctypes.c_uint(flags), ctypes.c_uint(os.O_RDONLY))
        if self.descriptor == -1:
            raise _last_error()

    def mark_directory(self, handle: int) -> None:
        """Have it reported what happens in a directory, and when it is removed."""
        self._mark(_ONLYDIR, _MASK | _SELF, handle)

    def mark_removal(self, handle: int) -> None:
        """Have it reported when a directory is removed."""
        self._mark(_ONLYDIR, _SELF, handle)

    def mark_file_system(self, handle: int) -> None:
        """Have it reported what happens anywhere on a file system; this needs CAP_SYS_ADMIN."""
        self._mark(_FILESYSTEM, _MASK, handle)

    def close(self) -> None:
        """Remove all marks.  Harmless when repeated."""
        if self.descriptor != -1:
            os.close(self.descriptor)
            self.descriptor = -1

    def _mark(self, flags: int, mask: int, handle: int) -> None:
        events = ctypes.c_uint64(mask)
        if _libc.fanotify_mark(self.descriptor, _ADD | flags, events, handle, b".") == -1:
            raise _last_error()


class Handles:
    """Identifies directories as events do; not thread-safe.

    Raises OSError with the kernel's errno: EOPNOTSUPP if a file system has no handles.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(_HEAD.size + _ROOM)
        self._mount = ctypes.c_int()
        self._flags = _AT_HANDLE_FID
        try:
            self.at(b"/")
        except OSError as error:
            if error.errno == errno.EINVAL:  # an older kernel
                self._flags = 0

    def at(self, path: bytes) -> tuple[int, bytes]:
        """Return the number of its mount, and its handle with the size and type before it.

        The last part of the path is not followed, if it is a link.
        """
        return self._of(_AT_FDCWD, path, 0)

    def of_open(self, handle: int) -> tuple[int, bytes]:
        """Return the same of an open directory."""
        return self._of(handle, b"", _AT_EMPTY_PATH)

    def _of(self, handle: int, path: bytes, flags: int) -> tuple[int, bytes]:
        _HEAD.pack_into(self._buffer, 0, _ROOM, 0)
        where = ctypes.byref(self._mount)
        flags |= self._flags
        if _libc.name_to_handle_at(handle, path, self._buffer, where, flags) == -1:
            raise _last_error(path)
        size = _HEAD.size + int(_HEAD.unpack_from(self._buffer)[0])
        return self._mount.value, self._buffer.raw[:size]


def file_system_of(handle: int) -> bytes:
    """Return what identifies the file system of an open directory in events; raise OSError."""
    buffer = ctypes.create_string_buffer(_STATFS)
    if _libc.fstatfs(handle, buffer) == -1:
        raise _last_error()
    return buffer.raw[_FSID]


def _last_error(path: bytes | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
