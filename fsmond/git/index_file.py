"""What Git's index holds beside its entries."""

import os

from fsmond.git.worktree import opener

_UNTRACKED = b"UNTR"  # the signature of the extension, as gitformat-index(5) has it
_LARGE = 2 << 20  # bytes; some 20,000 files
_PIECE = 1 << 20  # bytes that are read at a time
_PIECES = 64  # that are read at most: somebody waits for an answer


def may_keep_untracked(path: bytes) -> bool:
    """Say whether there may be a cache of untracked files in it; where is no index, is none."""
    # Not by a memory map: a file that somebody makes shorter meanwhile would end this process.
    try:
        with open(path, "rb", buffering=0, opener=opener) as file:
            last = b""
            for _ in range(_PIECES):
                piece = file.read(_PIECE)
                if not piece:
                    return False
                if _UNTRACKED in last + piece:
                    return True
                last = piece[-len(_UNTRACKED) :]
            return True
    except FileNotFoundError:
        return False
    except OSError:
        return True


def is_large(path: bytes) -> bool:
    """Say, without a look at the worktree, whether there are tens of thousands of files in it."""
    try:
        return os.stat(path).st_size > _LARGE
    except OSError:
        return False
