"""Return freed memory to the system, and say how much is in use."""

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


def memory_in_use() -> int | None:
    """Return the bytes of memory that this process costs the system; None if it does not tell.

    What several processes share counts for each in part (PSS).
    """
    if sys.platform != "linux":
        return None
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(b"Pss:")]
    return int(found[0]) * 1024 if found else None
