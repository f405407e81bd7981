"""Return freed memory to the system."""

import sys

# From glibc's malloc.h; no module of Python's has them.
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE = 256 << 10  # bytes; larger blocks have pages of their own, which are freed with them
_ARENAS = 2  # heaps; by default each thread gets one, and each keeps its own fragments


def return_freed_memory() -> None:
    """Have large blocks returned to the system when freed; do nothing if there is no mallopt.

    By default glibc raises the threshold for a large block whenever one is freed.  Then the tables
    of a journal, which grow and shrink, leave holes in one heap after the other.
    """
    if sys.platform != "linux":
        return
    import ctypes  # slow to import

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_ARENA_MAX, _ARENAS)
