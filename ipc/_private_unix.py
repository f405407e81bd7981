"""Make a directory that nobody else can write in, though its parent may be another user's."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

SOCKET = b"ipc-socket"
"""The only name that is ever in such a directory."""
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PrivateDirectory(NamedTuple):
    """A directory that was just made."""

    descriptor: int
    name: bytes
    is_ours: bool
    """Whether what a name in it leads to is ours for certain.

    It is not where the file system keeps no owners, or the owner of the parent put another
    directory in its place.
    """


@contextmanager
def private_directory(parent: int, purpose: bytes) -> Iterator[PrivateDirectory]:
    """Make a directory; remove it afterwards, when it has to be empty.

    The caller holds a lock for the purpose: what an earlier holder left behind is removed.
    """
    name = _made(parent, purpose)
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
        try:
            yield PrivateDirectory(descriptor, name, _is_ours(descriptor))
        finally:
            os.close(descriptor)
    finally:
        with suppress(OSError):  # gone, or another's by now
            os.rmdir(name, dir_fd=parent)


def _made(parent: int, purpose: bytes) -> bytes:
    name = b".ipc-%08x" % zlib.crc32(purpose)
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        if not _cleared(parent, name):
            name = b".ipc-" + os.urandom(8).hex().encode()
        os.mkdir(name, 0o700, dir_fd=parent)
    return name


def _cleared(parent: int, name: bytes) -> bool:
    """Remove what a process left that was killed within the context; say whether it is gone."""
    try:
        descriptor = os.open(name, _OPEN, dir_fd=parent)
    except OSError:
        return False  # a link, a file, or a directory that we may not read: none of ours
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
        os.fchmod(descriptor, stat.S_IRWXU)  # the umask took something from its owner
    return True
