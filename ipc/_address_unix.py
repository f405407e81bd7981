"""Reach a Unix domain socket by a path of any length.

A kernel takes about a hundred bytes only.  Where there is `/proc`, a descriptor of the directory
makes any path short, and nothing else in the process notices.  Elsewhere the process has to change
its directory for a moment.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ipc.errors import InvalidPathError

# Bytes that sun_path holds without its NUL where it is smallest; 107 on Linux.
LONGEST = 103
_OPEN_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_LINKS = b"/proc/self/fd"  # a directory's descriptor can be walked through there

_directory_lock = threading.Lock()  # guards the directory of the process while it is borrowed


def open_directory(directory: bytes) -> int:
    """Return a descriptor by which to name what is in the directory."""
    return os.open(directory or b".", _OPEN_DIRECTORY)


@contextmanager
def address(path: bytes, disallow_chdir: bool) -> Iterator[bytes]:
    """Give a name for the socket at `path` that the kernel accepts while the context lasts."""
    if len(path) <= LONGEST:
        yield path
        return
    directory, name = os.path.split(path)
    descriptor = open_directory(directory)
    try:
        with short_address(descriptor, name, disallow_chdir) as short:
            yield short
    finally:
        os.close(descriptor)


@contextmanager
def short_address(directory: int, name: bytes, disallow_chdir: bool) -> Iterator[bytes]:
    """Give a name for a socket in an open directory."""
    if has_links(directory):
        yield _checked(b"%b/%d/%b" % (_LINKS, directory, name))
    elif disallow_chdir:
        raise InvalidPathError(
            f"the path of {os.fsdecode(name)!r} is longer than {LONGEST} bytes, and the process"
            " may not change its directory: use a shorter path, or uds_disallow_chdir=False"
        )
    else:
        with _directory_lock, _working_in(directory):
            yield _checked(name)


def has_links(directory: int) -> bool:
    """Whether an open directory can be reached by its descriptor."""
    return hasattr(os, "O_PATH") and os.path.exists(b"%b/%d" % (_LINKS, directory))


def _checked(short: bytes) -> bytes:
    if len(short) > LONGEST:
        raise InvalidPathError(f"the file name in {os.fsdecode(short)!r} is too long for a socket")
    return short


@contextmanager
def _working_in(directory: int) -> Iterator[None]:
    before = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fchdir(directory)
        yield
    finally:
        os.fchdir(before)
        os.close(before)
