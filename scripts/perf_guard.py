"""Compare the costs of fsmond with the budget in `perf_budget.json`, and fail if one has grown.

The costs are counts of system calls, modules, instructions, watches and bytes, which do not depend
on the load of the machine.  `--record` saves the present counts as the budget.  Some counts depend
on the version of Python: with another version they are printed, but not compared.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform == "linux"  # for the type checker; strace exists only there

import argparse
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import perf_counts as counts
from bench import trees
from bench.peers.daemons import Fsmond, running
from bench.peers.programs import MeasurementError, clean_environment
from cleaning import cleanup_on_signals

BUDGET = Path(__file__).with_name("perf_budget.json")
PYTHON = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
_TOOLS = {"strace": "apt-get install strace", "valgrind": "apt-get install valgrind"}


class Count(NamedTuple):
    """A cost that is counted."""

    what: str
    take: Callable[[], float]
    slack: float
    """The random variation that is allowed above the budget, as a share of it."""
    of_python: bool = False
    """The count depends on the version of Python."""


def main() -> int:
    """Count, compare, and return the exit status."""
    options = _options()
    missing = [f"{tool} ({cure})" for tool, cure in _TOOLS.items() if not shutil.which(tool)]
    if missing or not counts.is_command_installed():
        missing += [] if counts.is_command_installed() else ["fsmond (pip install .)"]
        print(f"perf_guard: missing: {', '.join(missing)}", file=sys.stderr)
        return 1
    try:
        with cleanup_on_signals(), tempfile.TemporaryDirectory(prefix="fsmond-guard-") as folder:
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
            0.15,  # it is so small that the variation of an empty program is 4 % of it
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
    removed = budget["counts"].keys() - {count.what for count in found}
    worse = len(removed)
    for what in removed:
        print(f"{what:<68}{'':>12}  NOT COUNTED any more: see --record")
    for count, number in found.items():
        recorded = budget["counts"].get(count.what)
        if recorded is None:
            result, worse = "NO BUDGET: see --record", worse + 1
        elif count.of_python and not same:
            result = f"not compared: {recorded} is for {budget['python']}"
        elif number > recorded * (1 + count.slack):
            result, worse = f"WORSE than {recorded}", worse + 1
        else:
            result = f"of {recorded}"
        print(f"{count.what:<68}{number:>12}  {result}", flush=True)
    if worse:
        print(f"perf_guard: {worse} got worse; if that is intended, use --record", file=sys.stderr)
    return 1 if worse else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--record", action="store_true", help="save the counts as the budget")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
