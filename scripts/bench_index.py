"""Measure the index: making it, comparing a tree with it, and what it takes of memory."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import os
import statistics
import tempfile
import time
from pathlib import Path

import bench_trees as trees
from bench_figures import print_machine

from fsmond.index.tree import Index

ROUNDS = 9
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure; return the exit status."""
    shape = trees.FULL
    with tempfile.TemporaryDirectory(prefix="fsmond-bench-") as folder:
        root = Path(folder) / "tree"
        trees.make(root, shape, "git", dict(os.environ))
        print_machine("git", folder)
        before, index = _memory(), Index(os.fsencode(root))
        made = _seconds(index)
        taken = _memory() - before
        compared = statistics.median(_seconds(index) for _ in range(ROUNDS))
    print(f"made in {made:.2f} s, {taken / 1e6:.1f} MB")
    print(f"compared in {compared:.2f} s, median of {ROUNDS}")
    return 0


def _seconds(index: Index) -> float:
    began = time.perf_counter()
    for _ in index.walk([b""]):
        pass
    return time.perf_counter() - began


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    sys.exit(main())
