"""Have the C library give back what is no longer used."""

import sys

# glibc's malloc.h, which are not in any module of Python's.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE = 256 << 10  # bytes; a block above has pages of its own, and they go when it does
_ARENAS = 2  # heaps; by default each thread gets one, and each keeps its own remnants


def give_back_memory() -> None:
    """Have large blocks returned to the system at once; does nothing where there is no mallopt.

    By default glibc raises the limit of what is large when such a block is freed.  Then the tables
    of a journal, which grow and shrink, leave holes in one heap after the other.
    """
    if sys.platform != "linux":
        return
    import ctypes  # slow to import

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, _ARENAS)
