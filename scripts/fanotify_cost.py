"""What fanotify costs beside inotify: to watch directories, and to read events.

    python scripts/fanotify_cost.py [DIRECTORY]

Prints the median of several rounds, in microseconds, for a new tree below DIRECTORY.  As root
fanotify has whole file systems reported; the third way is that of other users.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

if sys.platform != "linux":
    sys.exit("fanotify exists on Linux only")
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.fanotify.queue import FanotifyQueue
from fsmond.watching.inotify.calls import Queue
from fsmond.watching.inotify.source import Source

WAYS: dict[str, Callable[[], Source]] = {
    "inotify": Queue,
    "fanotify": FanotifyQueue,
    "fanotify, a mark for each directory": partial(FanotifyQueue, whole=False),
}
DIRECTORIES = 2000
FILES = 5000
ROUNDS = 7


def main() -> None:
    """Measure each way in turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    for _ in range(ROUNDS):
        for name, create in WAYS.items():
            with tempfile.TemporaryDirectory(dir=parent) as root:
                times[name].append(measure(create(), os.fsencode(root) + b"/"))
    print("| | watch a directory, µs | read an event, µs |\n|---|--:|--:|")
    for name, found in times.items():
        watch, read = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"| {name} | {watch:.1f} | {read:.1f} |")


def measure(queue: Source, root: bytes) -> tuple[float, float]:
    """Return the microseconds for each directory, and for each event."""
    try:
        queue.watch(root)
        folders = [root + b"%d/" % number for number in range(DIRECTORIES)]
        for each in folders:
            os.mkdir(each)
        began = time.perf_counter()
        for each in folders:
            queue.watch(each)
        watched = time.perf_counter() - began
        queue.read(queue.filenos[0])
        for number in range(FILES):
            os.close(os.open(folders[0] + b"%d" % number, os.O_CREAT | os.O_RDONLY))
        began = time.perf_counter()
        queue.read(queue.filenos[0])
        read = time.perf_counter() - began
    finally:
        queue.close()
    return watched / DIRECTORIES * 1e6, read / FILES * 1e6


if __name__ == "__main__":
    main()
