"""Make the kernel lose events, by filling its queue."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fsmond.monitor.monitor import Monitor

_QUEUED = Path("/proc/sys/fs/inotify/max_queued_events")


@contextmanager
def losing(monitor: Monitor, root: Path) -> Iterator[None]:
    """Make the events for all changes in the block be lost."""
    if sys.platform == "win32":
        from support.lossy_windows import losing_reads

        with losing_reads(monitor):
            yield
    else:
        with monitor._lock:
            overflow(root)
            yield


def overflow(root: Path) -> None:
    """Cause more events than the kernel queues; nothing may read them meanwhile."""
    where = root / "top" if (root / "top").is_dir() else root
    names = [where / "overflow-1", where / "overflow-2"]
    for _ in range(int(_QUEUED.read_text()) // 6 + 1):
        for name in names:  # two alternately, as the kernel merges equal events
            with suppress(OSError):  # something else has the name
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
                os.unlink(name)
