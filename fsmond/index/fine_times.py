"""Whether a file that was looked at gets another time whenever it changes.

File times come from a clock with ticks of some milliseconds, so two changes within one tick may
leave the same.  Since Linux 6.13, some file systems give a file whose times were read a time of its
own at the next change, however soon that is.  Nothing says which ones do: it is tried.  See
https://docs.kernel.org/filesystems/multigrain-ts.html.
"""

import mmap
import os
import time
from collections.abc import Iterable
from contextlib import suppress

_NO_NAME: int = getattr(os, "O_TMPFILE", 0)  # only Linux has it
_CHANGES = 8
_TICK = 1_000_000  # nanoseconds, the shortest there is; in less there are two times at most
_ATTEMPTS = 20  # until so many changes take less; one attempt takes some microseconds


def fine_device(root: bytes, folders: Iterable[bytes]) -> int | None:
    """Return the device of a directory if files there get such times; None if that is not known.

    It is tried with a file without a name in the first of the folders in which there can be one:
    watchers of that folder see events of it.
    """
    for folder in folders if _NO_NAME else ():
        with suppress(OSError):
            device = os.stat(root).st_dev
            descriptor = os.open(folder, _NO_NAME | os.O_RDWR, 0o600)
            try:
                if os.fstat(descriptor).st_dev == device:
                    return device if _gets_new_times(descriptor) else None
            finally:
                os.close(descriptor)
    return None


def _gets_new_times(descriptor: int) -> bool:
    for _ in range(_ATTEMPTS):
        began, times = time.monotonic_ns(), set()
        for _ in range(_CHANGES):
            os.write(descriptor, b".")
            times.add(os.fstat(descriptor).st_ctime_ns)
        if time.monotonic_ns() - began < _TICK:
            return len(times) == _CHANGES and _gets_new_time_by_map(descriptor)
    return False


def _gets_new_time_by_map(descriptor: int) -> bool:
    """Return whether a store through a memory map changes the times: some have no part in them."""
    before = os.fstat(descriptor).st_ctime_ns
    with mmap.mmap(descriptor, 1) as mapped:
        mapped[0] = ord(",")
    return os.fstat(descriptor).st_ctime_ns != before
