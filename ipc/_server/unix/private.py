"""Create a directory in which no other user can write, even if its parent is another user's."""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

SOCKET = b"ipc-socket"
"""The only file name in such a directory."""
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PrivateDirectory(NamedTuple):
    """A directory that was just created."""

    descriptor: int
    name: bytes
    is_ours: bool
    """Whether the files in it are certainly ours.

    False if the file system does not store owners, or if the owner of the parent has replaced the
    directory.
    """


@contextmanager
def private_directory(parent: int, purpose: bytes) -> Iterator[PrivateDirectory]:
    """Create a directory in the context; remove it afterwards, when it has to be empty.

    The caller holds a lock for the purpose, so a directory that is left from an earlier holder is
    removed.
    """
    name = _make(parent, purpose)
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
        try:
            yield PrivateDirectory(descriptor, name, _is_ours(descriptor))
        finally:
            os.close(descriptor)
    finally:
        with suppress(OSError):  # race: already removed, or replaced by another user
            os.rmdir(name, dir_fd=parent)


def _make(parent: int, purpose: bytes) -> bytes:
    name = b".ipc-%08x" % zlib.crc32(purpose)
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        if not _remove_leftover(parent, name):
            name = b".ipc-" + os.urandom(8).hex().encode()
        os.mkdir(name, 0o700, dir_fd=parent)
    return name


def _remove_leftover(parent: int, name: bytes) -> bool:
    """Remove the directory of a process that was killed in the context; return success."""
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
    except OSError:
        return False  # a link, a file, or a directory without permission to read: not ours
    try:
        if not _is_ours(descriptor):
            return False
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.stat(SOCKET, dir_fd=descriptor, follow_symlinks=False).st_mode):
                os.unlink(SOCKET, dir_fd=descriptor)
        os.rmdir(name, dir_fd=parent)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_ours(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
        return False
    if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.fchmod(descriptor, stat.S_IRWXU)  # the umask removed some of the owner's permissions
    return True
