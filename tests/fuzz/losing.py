"""Have events lost, as the kernel's queue is full."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fsmond.daemon.monitor import Monitor

_QUEUED = Path("/proc/sys/fs/inotify/max_queued_events")


@contextmanager
def losing(monitor: Monitor, root: Path) -> Iterator[None]:
    """Have events lost of what is done meanwhile."""
    if sys.platform == "win32":
        from lossy_windows import losing_reads

        with losing_reads(monitor):
            yield
    else:
        with monitor._lock:
            overflow(root)
            yield


def overflow(root: Path) -> None:
    """Cause more events than the kernel queues; none of them may be read meanwhile."""
    where = root / "top" if (root / "top").is_dir() else root
    names = [where / "overflow-1", where / "overflow-2"]
    for _ in range(int(_QUEUED.read_text()) // 6 + 1):
        for name in names:  # two by turns, as the kernel merges what is the same
            with suppress(OSError):  # somebody put something in its place
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
                os.unlink(name)
