"""Read the size of Git's index, and whether it has a cache of untracked files."""

import os

from fsmond.git.worktree import open_regular

_UNTRACKED = b"UNTR"  # the signature of the extension: see gitformat-index(5)
_LARGE = 6 << 20  # bytes; some 60,000 files
_SMALL = 100_000  # bytes; some 1,000 files
_PIECE = 1 << 20  # bytes that are read at a time
_MAX_PIECES = 64  # a limit, as a query waits for this


def may_keep_untracked(path: bytes) -> bool:
    """Return whether the index may have a cache of untracked files; False if there is no index."""
    # Not with a memory map: if another process truncated the file, SIGBUS would end this one.
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        too_long = os.fstat(descriptor).st_size > _PIECE * _MAX_PIECES
        return too_long or _holds(descriptor, _UNTRACKED)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _holds(descriptor: int, wanted: bytes) -> bool:
    """Return whether a file contains some bytes; True also if it is too long to be read."""
    last = b""
    for _ in range(_MAX_PIECES):
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return False
        if wanted in last + piece:
            return True
        last = piece[-len(wanted) :]
    return True


def is_small(path: bytes) -> bool:
    """Return whether there is an index, with some 1,000 entries at most, by its size alone."""
    try:
        return os.stat(path).st_size < _SMALL
    except OSError:
        return False


def is_large(path: bytes) -> bool:
    """Return whether the index has some 60,000 entries or more, by its size alone."""
    try:
        return os.stat(path).st_size > _LARGE
    except OSError:
        return False
