"""Address a Unix domain socket by a path of any length.

A kernel accepts about a hundred bytes.  With `/proc`, a descriptor of the directory makes any path
short, without an effect on the rest of the process.  Without it, the process has to change its
directory for a moment.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ipc.errors import InvalidPathError

# The size of sun_path without its NUL, in bytes, on the system with the smallest; Linux has 107.
MAX_ADDRESS = 103
_OPEN_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_DESCRIPTORS = b"/proc/self/fd"  # the path of a descriptor N is N in there

_directory_lock = threading.Lock()  # guards the working directory while it is changed


def open_directory(directory: bytes) -> int:
    """Return a descriptor of the directory, for names relative to it."""
    return os.open(directory or b".", _OPEN_DIRECTORY)


@contextmanager
def address(path: bytes, disallow_chdir: bool) -> Iterator[bytes]:
    """Yield an address of the socket at `path` that is valid in the context."""
    if len(path) <= MAX_ADDRESS:
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
    """Yield an address of a socket in an open directory that is valid in the context."""
    if has_descriptor_path(directory):
        yield _checked_address(b"%b/%d/%b" % (_DESCRIPTORS, directory, name))
    elif disallow_chdir:
        raise InvalidPathError(
            f"the path of {os.fsdecode(name)!r} is longer than {MAX_ADDRESS} bytes, and the process"
            " must not change its directory: use a shorter path, or uds_disallow_chdir=False"
        )
    else:
        with _directory_lock, _working_in(directory):
            yield _checked_address(name)


def has_descriptor_path(directory: int) -> bool:
    """Return whether an open directory has a path through its descriptor."""
    return hasattr(os, "O_PATH") and os.path.exists(b"%b/%d" % (_DESCRIPTORS, directory))


def _checked_address(short: bytes) -> bytes:
    if len(short) > MAX_ADDRESS:
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
