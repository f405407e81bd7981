"""Watch a tree in one of the modes of the differential fuzzer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.backends import until_built

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import How, watcher_for_platform

FEW = {"few": 12, "links-few": 3}  # watches, in the modes with too few of them
EXCLUDED = frozenset({b".git"})
_LIMIT = Path("/proc/sys/user/max_inotify_watches")


@contextmanager
def watching(root: Path, mode: str) -> Iterator[Monitor]:
    """Watch a tree in one of the modes."""
    how: How = "scan" if mode.endswith("scan") else "events"
    if mode in FEW:
        _LIMIT.write_text(str(FEW[mode]))  # in our own user namespace
    make = partial(watcher_for_platform, how=how)
    monitor = Monitor(os.fsencode(root), make, excluded=EXCLUDED, timeout=30)
    try:
        monitor.start(timeout=30)
        until_built(monitor)
        yield monitor
    finally:
        monitor.stop()
