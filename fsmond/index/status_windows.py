"""What Windows knows of a file, with the time of its last change of any kind.

`os.stat` has no such time there, and a listing has what was true when somebody last closed the
file, by the name that is listed.  So each is opened.
"""

import sys

assert sys.platform == "win32"

import ctypes
import os
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.wintypes import BOOL, DWORD, FILETIME, HANDLE, LPCWSTR, LPVOID
from typing import NamedTuple

_READ_ATTRIBUTES = 0x80
_SHARE_ALL = 7
_OPEN_EXISTING = 3
_BACKUP = 0x02000000  # or directories can't be opened
_ITSELF = 0x00200000  # and not what a link leads to
_NO_HANDLE = ctypes.c_void_p(-1).value
_BASIC, _TAG = 0, 9  # kinds of information
_EPOCH = 116_444_736_000_000_000  # of Unix, in units of 100 ns since that of Windows
_IS_DIRECTORY, _IS_READ_ONLY, _IS_REPARSE_POINT = 0x10, 0x1, 0x400
_LEADS_ELSEWHERE = 0x20000000  # bit of a reparse point's tag: a junction, or a link


class Status(NamedTuple):
    """As os.stat_result."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int


class Entry:
    """As os.DirEntry."""

    def __init__(self, listed: os.DirEntry[str]) -> None:
        self._listed = listed
        self.name = listed.name

    def stat(self, *, follow_symlinks: bool) -> Status:
        """Return what is there now, or what was listed if nobody may know; raises OSError."""
        try:
            return stat(self._listed.path)
        except PermissionError:  # it is about to be deleted, as a rule
            old = self._listed.stat(follow_symlinks=follow_symlinks)
            mode = modes.S_IFMT(old.st_mode)
            return Status(mode, 0, 0, 1, old.st_size, old.st_mtime_ns, old.st_mtime_ns)


class _Basic(ctypes.Structure):
    _fields_ = (
        ("created", ctypes.c_int64),
        ("accessed", ctypes.c_int64),
        ("written", ctypes.c_int64),
        ("changed", ctypes.c_int64),
        ("attributes", DWORD),
    )


class _Tag(ctypes.Structure):
    _fields_ = (("attributes", DWORD), ("tag", DWORD))


class _ByHandle(ctypes.Structure):
    _fields_ = (
        ("attributes", DWORD),
        ("created", FILETIME),
        ("accessed", FILETIME),
        ("written", FILETIME),
        ("volume", DWORD),
        ("size_high", DWORD),
        ("size_low", DWORD),
        ("links", DWORD),
        ("index_high", DWORD),
        ("index_low", DWORD),
    )


_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_open = _kernel.CreateFileW
_open.restype = HANDLE
_open.argtypes = (LPCWSTR, DWORD, DWORD, LPVOID, DWORD, DWORD, HANDLE)
_close = _kernel.CloseHandle
_close.argtypes = (HANDLE,)
_information = _kernel.GetFileInformationByHandleEx
_information.restype = BOOL
_information.argtypes = (HANDLE, ctypes.c_int, LPVOID, DWORD)
_by_handle = _kernel.GetFileInformationByHandle
_by_handle.restype = BOOL
_by_handle.argtypes = (HANDLE, LPVOID)


@contextmanager
def scan(folder: str | int) -> Iterator[Iterator[Entry]]:
    """List a directory, as os.scandir."""
    assert isinstance(folder, str)
    with os.scandir(folder) as entries:
        yield map(Entry, entries)


def stat(path: str | int) -> Status:
    """Return what is at a path itself; raises OSError."""
    assert isinstance(path, str)
    handle = _open(
        path, _READ_ATTRIBUTES, _SHARE_ALL, None, _OPEN_EXISTING, _BACKUP | _ITSELF, None
    )
    if handle == _NO_HANDLE:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return _status(handle)
    finally:
        _close(handle)


def _status(handle: int) -> Status:
    basic, whole = _Basic(), _ByHandle()
    if not _information(handle, _BASIC, ctypes.byref(basic), ctypes.sizeof(basic)):
        raise ctypes.WinError(ctypes.get_last_error())
    if not _by_handle(handle, ctypes.byref(whole)):
        raise ctypes.WinError(ctypes.get_last_error())
    return Status(
        _mode(handle, basic.attributes),
        whole.index_high << 32 | whole.index_low,
        whole.volume,
        whole.links,
        whole.size_high << 32 | whole.size_low,
        (basic.written - _EPOCH) * 100,
        (basic.changed - _EPOCH) * 100,
    )


def _mode(handle: int, attributes: int) -> int:
    if attributes & _IS_REPARSE_POINT:
        tag = _Tag()
        _information(handle, _TAG, ctypes.byref(tag), ctypes.sizeof(tag))
        if tag.tag & _LEADS_ELSEWHERE:
            return modes.S_IFLNK
    if attributes & _IS_DIRECTORY:
        return modes.S_IFDIR  # with no more: what else there is no event tells
    return modes.S_IFREG | attributes & _IS_READ_ONLY
