"""What Git's index holds beside its entries."""

import os

from fsmond.git.worktree import open_regular

_UNTRACKED = b"UNTR"  # the signature of the extension, as gitformat-index(5) has it
_LARGE = 2 << 20  # bytes; some 20,000 files
_PIECE = 1 << 20  # bytes that are read at a time
_PIECES = 64  # that are read at most: somebody waits for an answer


def may_keep_untracked(path: bytes) -> bool:
    """Say whether there may be a cache of untracked files in it; where is no index, is none."""
    # Not by a memory map: a file that somebody makes shorter meanwhile would end this process.
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        too_long = os.fstat(descriptor).st_size > _PIECE * _PIECES
        return too_long or _holds(descriptor, _UNTRACKED)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _holds(descriptor: int, wanted: bytes) -> bool:
    """Say whether a file may hold some bytes: it does so too if it is too long to be read."""
    last = b""
    for _ in range(_PIECES):
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return False
        if wanted in last + piece:
            return True
        last = piece[-len(wanted) :]
    return True


def is_large(path: bytes) -> bool:
    """Say, without a look at the worktree, whether there are tens of thousands of files in it."""
    try:
        return os.stat(path).st_size > _LARGE
    except OSError:
        return False
