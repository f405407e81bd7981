"""The file of one tree's history, in a folder of its own.

A file is appended to, or replaced by `rename`.  So a crash leaves the old content, the new one, or
the old one with a part of a transaction, which is ignored.  Whoever holds the lock of the folder is
the only one who writes.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping

from fsmond.storage import format as format_
from fsmond.storage.format import DamagedError, Stored

if sys.platform == "win32":
    from fsmond.storage.lock_windows import is_held, lock, unlock
    from fsmond.windows.opening import to_read

    _READ = os.O_RDONLY | os.O_BINARY
    _WRITE = os.O_WRONLY | os.O_BINARY
else:
    from fsmond.storage.lock_unix import is_held, lock, unlock

    to_read = os.open
    _READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    _WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

NAME, NEW, LOCK = "history", "history.new", "lock"
MAX_SIZE = 1 << 30  # bytes of a file that is read: about 50 million paths
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_CHUNK = 1 << 20  # bytes that are read at a time, so that other threads get their turn
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

Kind = Callable[[int], bool]


class UnusableError(Exception):
    """Nothing can be stored in the folder; the message says why."""


class BusyError(UnusableError):
    """Another process uses the folder, perhaps not for long."""


class RefusedError(Exception):
    """What was stored must not be used; the message says why.  It may be replaced."""


class HistoryFile:
    """Reads and writes the file; not thread-safe.  All methods may block for long."""

    def __init__(self, folder: str, identity: Mapping[str, object]) -> None:
        self.path = os.path.join(folder, NAME)
        self.size = 0
        """Bytes of the file; 0 if there is no valid one."""
        self.base = 0
        """Bytes of the file when it was replaced, or read, last."""
        self.written = 0
        """Bytes that were written since the start."""
        self._folder = folder
        self._identity = identity
        self._lock: int | None = None

    def exists(self) -> bool:
        """Return whether there is a file, valid or not; any thread."""
        return os.path.exists(self.path)

    def open(self) -> None:
        """Make the folder and lock it; raise UnusableError, or BusyError if it is locked.

        Harmless when repeated.
        """
        if self._lock is not None:
            return
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder, _FOLDER_MODE)
            _refuse_unsafe(os.lstat(self._folder), self._folder, stat.S_ISDIR)
            self._lock = lock(os.path.join(self._folder, LOCK))
        except RefusedError as error:
            raise UnusableError(str(error)) from error
        except OSError as error:
            raise UnusableError(f"{self._folder}: {error.strerror}") from error
        if self._lock is None:
            raise BusyError(f"another process uses {self._folder}")

    def read(self) -> Stored | None:
        """Return what is stored; None if nothing is.  Raise RefusedError if it must not be used."""
        try:
            data = self._read()
            stored = format_.decode(data) if data is not None else None
        except DamagedError as error:
            raise RefusedError(str(error)) from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise RefusedError(f"{self.path} is a symbolic link") from error
            raise RefusedError(f"{self.path}: {error.strerror}") from error
        if stored is None:
            return None
        for name, value in self._identity.items():
            if stored.identity.get(name) != value:
                raise RefusedError(f"it is of another tree: its {name} differs")
        self.size = self.base = stored.size
        return stored

    def append(self, pieces: Iterable[bytes]) -> None:
        """Add a transaction; raise OSError, and then the content is the old one.

        Raise UnusableError if the folder was removed or replaced.
        """
        self._refuse_lost_lock()
        descriptor = os.open(self.path, _WRITE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size < self.size:
                raise OSError(errno.ESTALE, "the file was changed by another program", self.path)
            os.ftruncate(descriptor, self.size)  # a part of a transaction, if there is one
            os.lseek(descriptor, self.size, os.SEEK_SET)
            try:
                size = self._write(descriptor, pieces)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, self.size)
                raise
        finally:
            os.close(descriptor)
        self.size += size

    def replace(self, pieces: Iterable[bytes]) -> None:
        """Write another file in the place of this one, with the first transaction.

        Raises what `append` does.
        """
        self._refuse_lost_lock()
        new = os.path.join(self._folder, NEW)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, _WRITE | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        try:
            try:
                size = self._write(descriptor, [format_.beginning(self._identity), *pieces])
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(new, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise
        self.size = self.base = size
        self._sync_folder()

    def sync(self) -> None:
        """Have the system write the file to the disk; raise OSError."""
        descriptor = os.open(self.path, _WRITE)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Free the lock.  Harmless when repeated."""
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None

    def _refuse_lost_lock(self) -> None:
        """Raise UnusableError unless the lock that is held is the folder's: see `lock`."""
        if self._lock is None or not is_held(self._lock, os.path.join(self._folder, LOCK)):
            raise UnusableError(f"{self._folder} was removed or replaced")

    def _read(self) -> bytes | None:
        try:
            descriptor = to_read(self.path, _READ)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            _refuse_unsafe(status, self.path, stat.S_ISREG)
            if status.st_size > MAX_SIZE:
                raise RefusedError(f"it has {status.st_size} bytes: too many")
            return b"".join(iter(lambda: os.read(descriptor, _CHUNK), b""))
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int, pieces: Iterable[bytes]) -> int:
        size = 0
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            size += len(piece)
            self.written += len(piece)
        return size

    def _sync_folder(self) -> None:
        if sys.platform != "win32":
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def remove(folder: str) -> None:
    """Remove a folder and what is stored in it; raise OSError, or BusyError if it is in use."""
    if not os.path.isdir(folder):
        return
    if os.path.islink(folder):
        raise UnusableError(f"{folder} is a symbolic link")
    held = lock(os.path.join(folder, LOCK))
    if held is None:
        raise BusyError(f"another process uses {folder}")
    try:
        for name in (NAME, NEW, LOCK):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
    finally:
        unlock(held)
    os.rmdir(folder)


def _refuse_unsafe(status: os.stat_result, path: str, is_kind: Kind) -> None:
    """Raise RefusedError if a file or folder is not what we make, or if others may write to it."""
    if not is_kind(status.st_mode):
        raise RefusedError(f"{path} is {_kind_of(status.st_mode)}")
    if sys.platform != "win32":
        if status.st_uid != os.geteuid():
            raise RefusedError(f"{path} belongs to another user")
        if status.st_mode & _OTHERS_MAY_WRITE:
            raise RefusedError(f"other users may write to {path}")


def _kind_of(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a file" if stat.S_ISREG(mode) else "neither a file nor a directory"
