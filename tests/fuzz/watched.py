"""Watch a tree in one of the modes of the differential fuzzer."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.backends import marking_watcher, until_built

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import How, watcher_for_platform
from fsmond.watching.contract import Watcher

FEW = {"few": 12, "links-few": 3, "spare": 6}  # watches, in the modes with too few of them
EXCLUDED = frozenset({b".git"})
_LIMITS = Path("/proc/sys/user")


@contextmanager
def watching(root: Path, mode: str) -> Iterator[Monitor]:
    """Watch a tree in one of the modes."""
    how: How = "scan" if mode.endswith("scan") else "events"
    if mode in FEW:  # in our own user namespace
        (_LIMITS / "max_inotify_watches").write_text(str(FEW[mode]))
        (_LIMITS / "max_fanotify_groups").write_text("9" if mode == "spare" else "0")
    make: Callable[..., Watcher] = partial(watcher_for_platform, how=how)
    if mode.endswith("fanotify"):
        make = partial(watcher_for_platform, how="fanotify")
    elif mode.endswith("marks"):
        make = marking_watcher
    monitor = Monitor(os.fsencode(root), make, excluded=EXCLUDED, timeout=30)
    try:
        monitor.start(timeout=30)
        until_built(monitor)
        yield monitor
    finally:
        monitor.stop()
