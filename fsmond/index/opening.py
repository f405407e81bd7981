"""Open a directory by a path of any length."""

import sys

assert sys.platform != "win32"

import os

_STEP = 4000  # bytes of a path that are walked at a time; Linux takes 4095
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def open_directory(base: bytes, prefix: bytes) -> int:
    """Return a descriptor, for the caller to close; raises OSError if there is no directory.

    A symbolic link in the place of the directory itself is not followed; one above it is.
    """
    path = base + prefix.rstrip(b"/")  # with a slash behind, a link would be followed all the same
    start = None
    try:
        while len(path) > _STEP:
            at = path.rindex(b"/", 0, _STEP) + 1
            step = os.open(path[:at], _DIRECTORY, dir_fd=start)
            if start is not None:
                os.close(start)
            path, start = path[at:], step
        return os.open(path, _DIRECTORY | os.O_NOFOLLOW, dir_fd=start)
    finally:
        if start is not None:
            os.close(start)


def open_directory_strictly(base: bytes, prefix: bytes) -> int:
    """Do as `open_directory`, but follow no link below the base at all; slower."""
    handle = os.open(base, _DIRECTORY)
    for name in prefix.split(b"/")[:-1]:
        try:
            deeper = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
        finally:
            os.close(handle)
        handle = deeper
    return handle
