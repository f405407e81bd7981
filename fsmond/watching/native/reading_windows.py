"""Read a directory's changes on Windows, over watchdog's bindings."""

import sys

assert sys.platform == "win32"

import contextlib
import ctypes
from collections.abc import Iterator
from ctypes.wintypes import BOOL, DWORD, HANDLE
from struct import Struct

from watchdog.observers import winapi

# The kernel buffers as much again while no read is pending.  Over the network the limit is 64 KB.
SIZES = (1 << 20, 1 << 16)
# Without the last access, which watchdog includes: reading is no change.
_FILTER = (
    winapi.FILE_NOTIFY_CHANGE_FILE_NAME
    | winapi.FILE_NOTIFY_CHANGE_DIR_NAME
    | winapi.FILE_NOTIFY_CHANGE_ATTRIBUTES
    | winapi.FILE_NOTIFY_CHANGE_SIZE
    | winapi.FILE_NOTIFY_CHANGE_LAST_WRITE
    | winapi.FILE_NOTIFY_CHANGE_CREATION
    | winapi.FILE_NOTIFY_CHANGE_SECURITY
)
_HEAD = Struct("<III")  # offset of the next, action, bytes of the name
_FOREVER = 0xFFFFFFFF


class _Overlapped(ctypes.Structure):
    """The system's layout; in watchdog's own, the event is at another offset."""

    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", DWORD),
        ("offset_high", DWORD),
        ("event", HANDLE),
    )


_wait_for = winapi.kernel32.WaitForMultipleObjects
_wait_for.restype = DWORD
_wait_for.argtypes = (DWORD, ctypes.POINTER(HANDLE), BOOL, DWORD)
_result_of = winapi.kernel32.GetOverlappedResult
_result_of.restype = BOOL
_result_of.argtypes = (HANDLE, ctypes.POINTER(_Overlapped), ctypes.POINTER(DWORD), BOOL)


class Reader:
    """Reads the changes below a directory, from its own creation on; raises OSError.

    `read` on one thread; `wake` on any.  The directory can be renamed and removed meanwhile.
    """

    def __init__(self, path: str) -> None:
        self._handle = winapi.CreateFileW(
            path,
            winapi.FILE_LIST_DIRECTORY,
            winapi.WATCHDOG_FILE_SHARE_FLAGS,
            None,
            winapi.OPEN_EXISTING,
            winapi.FILE_FLAG_BACKUP_SEMANTICS | winapi.FILE_FLAG_OVERLAPPED,
            None,
        )
        self._ready = winapi.CreateEvent(None, True, False, None)
        self._woken = winapi.CreateEvent(None, True, False, None)
        self._overlapped = _Overlapped(event=self._ready)
        self._buffer = self._begin_first()

    def read(self) -> bytes | None:
        """Wait for changes, and return them; empty if some were lost, None if woken."""
        handles = (HANDLE * 2)(self._woken, self._ready)
        if _wait_for(2, handles, False, _FOREVER) == winapi.WAIT_OBJECT_0:
            return None
        size = DWORD()
        if not _result_of(self._handle, self._overlapped, size, False):
            raise ctypes.WinError()
        data = self._buffer.raw[: size.value]
        self._begin(self._buffer)  # at once: until then, the kernel buffers
        return data

    def wake(self) -> None:
        """Make `read` return."""
        winapi.SetEvent(self._woken)

    def close(self) -> None:
        """Cancel the pending read; free everything."""
        with contextlib.suppress(OSError):  # no read is pending: the directory is gone
            winapi.CancelIoEx(self._handle, None)
        _result_of(self._handle, self._overlapped, DWORD(), True)  # the buffer is in use until then
        for each in (self._handle, self._ready, self._woken):
            winapi.CloseHandle(each)

    def _begin_first(self) -> "ctypes.Array[ctypes.c_char]":
        for size in SIZES[:-1]:
            buffer = ctypes.create_string_buffer(size)
            try:
                self._begin(buffer)
            except OSError:
                continue
            return buffer
        buffer = ctypes.create_string_buffer(SIZES[-1])
        self._begin(buffer)
        return buffer

    def _begin(self, buffer: "ctypes.Array[ctypes.c_char]") -> None:
        overlapped = ctypes.cast(ctypes.byref(self._overlapped), ctypes.POINTER(winapi.OVERLAPPED))
        winapi.ReadDirectoryChangesW(
            self._handle, buffer, len(buffer), True, _FILTER, None, overlapped, None
        )


def changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the actions and paths in what was read.

    watchdog's own fails at names that are not UTF-16, and takes quadratic time.
    """
    at = 0
    while at < len(data):
        following, action, size = _HEAD.unpack_from(data, at)
        start = at + _HEAD.size
        name = data[start : start + size].decode("utf-16-le", "surrogatepass")
        yield action, name.replace("\\", "/").encode("utf-8", "surrogatepass")
        if not following:
            return
        at += following
