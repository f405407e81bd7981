"""Changes to a tree for which Python has no function."""

import ctypes
import errno
import mmap
import os
import sys

_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100  # linux/fcntl.h


def exchange(one: bytes, other: bytes) -> None:
    """Exchange two paths atomically."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if ctypes.CDLL(None, use_errno=True).renameat2(
        _AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE
    ):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), one)


def store_by_map(path: bytes) -> None:
    """Change a byte of a file through a writable memory map; OSError if it becomes empty."""
    with open(path, "r+b") as file:
        if not os.fstat(file.fileno()).st_size:
            file.write(b"-")
            file.flush()
        try:
            mapping = mmap.mmap(file.fileno(), 0)
        except ValueError as error:
            raise OSError(errno.EAGAIN, "emptied meanwhile", path) from error
        with mapping as mapped:
            mapped[0] ^= 1
            mapped.flush()
