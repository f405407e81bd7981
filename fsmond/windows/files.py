"""Read the status of files on Windows as on Unix, with the change time, and without locking them.

`os.stat` has no change time there.  A listing shows what was true when the file was last closed
under the listed name, so each file is opened.  `os.scandir` keeps other programs from renaming the
directory, at least on Wine.
"""

import sys

assert sys.platform == "win32"

import ctypes
import errno
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.wintypes import BOOL, DWORD, FILETIME, HANDLE, LPCWSTR, LPVOID
from struct import Struct
from typing import NamedTuple

_READ_ATTRIBUTES = 0x80
_SHARE_ALL = 7
_OPEN_EXISTING = 3
_BACKUP_SEMANTICS = 0x02000000  # required to open directories
_OPEN_REPARSE_POINT = 0x00200000  # opens a link, not its target
_NO_HANDLE = ctypes.c_void_p(-1).value
_BASIC, _TAG, _LISTING = 0, 9, 10  # kinds of information
# A listed file: offset of the next one; write time, change time, size, attributes, bytes of the
# name, tag, inode.
_LISTED = Struct("=I20xQQQ8xIII28xQ")
_NAME_SIZE = 4
_BUFFER_SIZE = 1 << 16  # bytes of a listing at a time
_LIST_DIRECTORY = 1
_NO_MORE_FILES = 18
_LONG = "\\\\?\\"  # prefix of a path: it may have any length, and is taken literally
_NETWORK = "\\\\"
_EPOCH = 116_444_736_000_000_000  # the Unix epoch, in units of 100 ns since that of Windows
_IS_DIRECTORY, _IS_READ_ONLY, _IS_REPARSE_POINT = 0x10, 0x1, 0x400
_NAME_SURROGATE = 0x20000000  # bit of a reparse point's tag: it is a junction, or a link


class Status(NamedTuple):
    """Like os.stat_result."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int


class Entry:
    """Like os.DirEntry."""

    def __init__(self, folder: str, name: str, listed: Status) -> None:
        self._path = f"{folder}\\{name}"
        self.name = name
        self.listed = listed
        """The status in the directory's listing, which may be out of date."""

    def stat(self, *, follow_symlinks: bool) -> Status:
        """Return the current status, or the listed one if access is denied; raise OSError."""
        assert not follow_symlinks
        try:
            return stat(self._path)
        except PermissionError:  # usually because it is about to be deleted
            return self.listed


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


def any_length(path: str) -> str:
    """Return an absolute path in the form that may have any length."""
    if path.startswith(_LONG):
        return path
    if path.startswith(_NETWORK):
        return f"{_LONG}UNC{path[1:]}"
    return _LONG + path


@contextmanager
def scan(folder: str | int) -> Iterator[Iterator[Entry]]:
    """List a directory, but no link, like os.scandir; takes a path of `any_length`."""
    assert isinstance(folder, str)
    folder = folder.rstrip("\\")
    handle = _opened(folder + "\\" * folder.endswith(":"), _LIST_DIRECTORY)
    try:
        if not modes.S_ISDIR(_status(handle).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "it is a link, or not a directory", folder)
        yield _entries(folder, handle)
    finally:
        _close(handle)


def _entries(folder: str, handle: int) -> Iterator[Entry]:
    buffer = ctypes.create_string_buffer(_BUFFER_SIZE)
    while _information(handle, _LISTING, buffer, _BUFFER_SIZE):
        data, at = buffer.raw, 0
        while True:
            after, *known = _LISTED.unpack_from(data, at)
            start, size = at + _LISTED.size, known[_NAME_SIZE]
            name = data[start : start + size].decode("utf-16-le", "surrogatepass")
            if name not in (".", ".."):
                yield Entry(folder, name, _listed(*known))
            if not after:
                break
            at += after
    if ctypes.get_last_error() != _NO_MORE_FILES:
        raise ctypes.WinError(ctypes.get_last_error())


def _listed(*known: int) -> Status:
    written, changed, size, attributes, _, tag, inode = known
    mode = _mode(attributes, tag if attributes & _IS_REPARSE_POINT else 0)
    return Status(mode, inode, 0, 1, size, (written - _EPOCH) * 100, (changed - _EPOCH) * 100)


def stat(path: str | int) -> Status:
    """Return the status of a path itself, not of a link's target; raise OSError."""
    assert isinstance(path, str)
    handle = _opened(path, _READ_ATTRIBUTES)
    try:
        return _status(handle)
    finally:
        _close(handle)


def lstat(path: bytes) -> Status:
    """Return the status of an absolute path, of any length and with any slashes."""
    return stat(any_length(path.decode("utf-8", "surrogatepass").replace("/", "\\")))


def _opened(path: str, access: int) -> int:
    handle = _open(
        path,
        access,
        _SHARE_ALL,
        None,
        _OPEN_EXISTING,
        _BACKUP_SEMANTICS | _OPEN_REPARSE_POINT,
        None,
    )
    if handle == _NO_HANDLE:
        raise ctypes.WinError(ctypes.get_last_error())
    assert isinstance(handle, int)
    return handle


def _status(handle: int) -> Status:
    basic, whole = _Basic(), _ByHandle()
    if not _information(handle, _BASIC, ctypes.byref(basic), ctypes.sizeof(basic)):
        raise ctypes.WinError(ctypes.get_last_error())
    if not _by_handle(handle, ctypes.byref(whole)):
        raise ctypes.WinError(ctypes.get_last_error())
    return Status(
        _mode(basic.attributes, _tag(handle)),
        whole.index_high << 32 | whole.index_low,
        whole.volume,
        whole.links,
        whole.size_high << 32 | whole.size_low,
        (basic.written - _EPOCH) * 100,
        (basic.changed - _EPOCH) * 100,
    )


def _tag(handle: int) -> int:
    found = _Tag()
    _information(handle, _TAG, ctypes.byref(found), ctypes.sizeof(found))
    return found.tag if found.attributes & _IS_REPARSE_POINT else 0


def _mode(attributes: int, tag: int) -> int:
    if tag & _NAME_SURROGATE:
        return modes.S_IFLNK
    if attributes & _IS_DIRECTORY:
        return modes.S_IFDIR  # no more: no event reports changes of the rest
    return modes.S_IFREG | attributes & _IS_READ_ONLY
