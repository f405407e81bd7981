"""How long it takes to cover a new tree: by one process, and with a second one that helps.

    python scripts/covering_cost.py [DIRECTORY]

Prints the medians of several rounds, in milliseconds, for a tree of 11,000 directories below
DIRECTORY, and the processor time of the first process.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import gc
import os
import statistics
import sys
import tempfile
import time

if sys.platform != "linux":
    sys.exit("a second process helps on Linux only")
assert sys.platform == "linux"  # for the type checker

from fsmond.monitor.monitor import Monitor
from fsmond.watching.choice import watcher_for_platform
from fsmond.watching.inotify.emitter import InotifyEmitter

WIDE, WIDER = 110, 100  # directories in the root, and in each of them
FILES = 5  # in each directory
ROUNDS = 9
POLL = 0.001  # seconds


def main() -> None:
    """Measure both ways in turns."""
    gc.disable()
    times: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as root:
        make_tree(root)
        for _ in range(ROUNDS):
            for helped, found in times.items():
                found.append(measure(os.fsencode(root), helped=helped))
    print("| | covered after, ms | processor, ms |\n|---|--:|--:|")
    for helped, found in times.items():
        covered, processor = (statistics.median(column) for column in zip(*found, strict=True))
        name = "with a second process" if helped else "alone"
        print(f"| {name} | {covered:.0f} | {processor:.0f} |")


def make_tree(root: str) -> None:
    """Make directories with files, in three levels."""
    for number in range(WIDE * WIDER):
        folder = f"{root}/{number // WIDER}/{number}"
        os.makedirs(folder)
        for each in range(FILES):
            os.close(os.open(f"{folder}/{each}", os.O_CREAT | os.O_WRONLY))


def measure(root: bytes, *, helped: bool) -> tuple[float, float]:
    """Return the milliseconds until the tree is covered, and of processor time in this process."""
    monitor = Monitor(root, watcher_for_platform)
    watcher = monitor.watcher
    if not isinstance(watcher, InotifyEmitter):
        sys.exit(f"{os.fsdecode(root)} is not watched by events")
    began, used = time.perf_counter(), time.process_time()
    if helped:
        watcher.share_listings()
    watcher.start()
    while not watcher.is_settled:
        time.sleep(POLL)
    times = time.perf_counter() - began, time.process_time() - used
    monitor.stop()
    return times[0] * 1e3, times[1] * 1e3


if __name__ == "__main__":
    main()
