"""Fail when something costs more than it did: counts against the budget in `perf_budget.json`.

Counted are system calls, modules, instructions, watches and bytes, which are the same on a busy
machine.  `--record` writes down what there is now.  Instructions are of one version of Python:
on another they are not compared, and that is said.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "linux"  # tells the type checker; strace is only there

import argparse
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import bench_trees as trees
import perf_counts as counts
from bench_daemons import Fsmond, MeasurementError, clean_environment, running
from cleaning import undisturbed_cleaning

BUDGET = Path(__file__).with_name("perf_budget.json")
PYTHON = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
_TOOLS = {"strace": "apt-get install strace", "valgrind": "apt-get install valgrind"}


class Count(NamedTuple):
    """Something that is counted."""

    what: str
    take: Callable[[], float]
    slack: float
    """How much more than the budget may be chance, as a share of it."""
    of_python: bool = False
    """Another version of Python takes another number."""


def main() -> int:
    """Count, compare, and return the exit status."""
    options = _options()
    missing = [f"{tool} ({cure})" for tool, cure in _TOOLS.items() if not shutil.which(tool)]
    if missing or not counts.command_is_there():
        missing += [] if counts.command_is_there() else ["fsmond (pip install .)"]
        print(f"perf_guard: not there: {', '.join(missing)}", file=sys.stderr)
        return 1
    try:
        with undisturbed_cleaning(), tempfile.TemporaryDirectory(prefix="fsmond-guard-") as folder:
            found = _counted(Path(folder).resolve())
    except MeasurementError as error:
        print(f"perf_guard: {error}", file=sys.stderr)
        return 1
    if options.record:
        numbers = {each.what: number for each, number in found.items()}
        BUDGET.write_text(json.dumps({"python": PYTHON, "counts": numbers}, indent=1) + "\n")
        return 0
    return _compared(found)


def _counted(scratch: Path) -> dict[Count, float]:
    shape = trees.QUICK
    daemon = Fsmond(scratch / "tree", clean_environment(scratch))
    paths = itertools.cycle(trees.make(daemon.root, shape, "git", daemon.environment))
    with running(daemon):
        daemon.query()
        return {each: round(each.take(), 4) for each in _counts(daemon, shape, paths)}


def _counts(daemon: Fsmond, shape: trees.Shape, paths: "itertools.cycle[str]") -> list[Count]:
    hook = ("hook", "2", os.fsdecode(daemon.token))
    query = ("query", "--since", os.fsdecode(daemon.token))
    return [
        Count("modules imported by the hook", lambda: counts.imported(daemon, *hook), 0),
        Count("modules imported by query", lambda: counts.imported(daemon, *query), 0),
        Count("system calls of the hook", lambda: counts.calls_of_process(daemon, *hook), 0.02),
        Count("system calls of query", lambda: counts.calls_of_process(daemon, *query), 0.02),
        Count(
            "system calls of the daemon for a query",
            lambda: counts.calls_of_query(daemon, lambda: None),
            0,
        ),
        Count(
            "system calls of the daemon for a query after a change",
            lambda: counts.calls_of_query(daemon, lambda: os.utime(next(paths))),
            0,
        ),
        Count("watches by directory", lambda: counts.watches_by_directory(daemon, shape), 0),
        Count("bytes kept for a path that changed", counts.bytes_kept_by_path, 0.02, True),
        Count("bytes kept for one more event on it", counts.bytes_kept_by_event, 0.02, True),
        Count(
            "instructions of the hook, by an empty program's",
            lambda: counts.instructions(daemon, *hook),
            0.15,  # it is so little by now that an empty program's own chance is 4 % of it
            True,
        ),
        Count(
            "instructions of query, by an empty program's",
            lambda: counts.instructions(daemon, *query),
            0.05,
            True,
        ),
        Count(
            "instructions of the daemon for a query, by a thousandth of those",
            lambda: counts.instructions_of_query(daemon),
            0.1,
            True,
        ),
    ]


def _compared(found: dict[Count, float]) -> int:
    budget = json.loads(BUDGET.read_text())
    same = budget["python"] == PYTHON
    gone = budget["counts"].keys() - {count.what for count in found}
    worse = len(gone)
    for what in gone:
        print(f"{what:<68}{'':>12}  NOT COUNTED any more: see --record")
    for count, number in found.items():
        recorded = budget["counts"].get(count.what)
        if recorded is None:
            verdict, worse = "NO BUDGET: see --record", worse + 1
        elif count.of_python and not same:
            verdict = f"not compared: {recorded} is of {budget['python']}"
        elif number > recorded * (1 + count.slack):
            verdict, worse = f"WORSE than {recorded}", worse + 1
        else:
            verdict = f"of {recorded}"
        print(f"{count.what:<68}{number:>12}  {verdict}", flush=True)
    if worse:
        print(f"perf_guard: {worse} got worse; if it is worth that, --record it", file=sys.stderr)
    return 1 if worse else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--record", action="store_true", help="take what there is for the budget")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
