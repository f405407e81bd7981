"""Measure fsmond beside Git's own daemon, in one run, with the spread and the design's targets.

Git's daemon is that of the git named by the environment variable FSMOND_MODERN_GIT (2.55 or newer
on Linux); without it, only fsmond is measured.  Each daemon watches a copy of the same tree.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import argparse
import gc
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import bench_measures as measures
import bench_trees as trees
from bench_daemons import (
    COMMAND,
    Daemon,
    Fsmond,
    GitDaemon,
    MeasurementError,
    clean_environment,
    running,
)
from bench_figures import Figures, Row, print_heading, print_machine
from bench_measures import Contest
from cleaning import undisturbed_cleaning

BURST = 100_000  # files; the design's
_RESTED = 15  # fewer of the queries that are slept before
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the usual place of a tmpfs; files of ours only


class Plan(NamedTuple):
    """How much is measured."""

    shape: trees.Shape
    starts: int
    queries: int
    large_queries: int
    processes: int
    events: int
    bursts: int


FULL = Plan(trees.FULL, 9, 3000, 30, 200, 1_000_000, 5)
QUICK = Plan(trees.QUICK, 5, 1000, 20, 100, 100_000, 2)


def main() -> int:
    """Measure; return the exit status."""
    options = _options()
    git = os.environ.get("FSMOND_MODERN_GIT")
    plan = _plan(options)
    if not COMMAND.exists():
        print(f"bench: no {COMMAND}; try: {sys.executable} -m pip install .", file=sys.stderr)
        return 1
    gc.disable()  # its pauses would be counted as the daemons'
    try:
        with ExitStack() as stack, undisturbed_cleaning():
            measure(plan, git, options.directory, stack)
    except MeasurementError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def measure(plan: Plan, git: str | None, directory: str, stack: ExitStack) -> None:
    """Print the whole table; what is made for it is removed by the stack."""
    scratch = _scratch(directory, stack)
    environment = clean_environment(scratch)
    print_machine(git or "git", str(scratch))
    print(f"shape    {plan.shape}\n")
    daemons = _daemons(scratch, git, environment)
    paths = [trees.make(each.root, plan.shape, git or "git", environment) for each in daemons]
    contest = Contest(daemons, paths, plan.starts)
    print_heading()
    with ExitStack() as alive:
        for daemon in daemons:
            alive.enter_context(running(daemon))
        measures.start(contest, f"{plan.shape.files:,} files").show()
        measures.memory(daemons, "after start").show()
        _measure_queries(plan, contest)
        fsmond = daemons[0]
        assert isinstance(fsmond, Fsmond)
        for row in measures.processes(fsmond, plan.processes):
            row.show()
        _measure_memory(plan, contest)
    _measure_bursts(plan, git, environment, stack)


def _measure_queries(plan: Plan, contest: Contest) -> None:
    contest = contest._replace(rounds=plan.queries)
    measures.query_idle(contest).show()
    measures.query_rested(contest._replace(rounds=plan.queries // _RESTED)).show()
    measures.query_after_change(contest).show()
    measures.query_many(contest._replace(rounds=plan.large_queries)).show()


def _measure_memory(plan: Plan, contest: Contest) -> None:
    measures.memory(contest.daemons, "after all this").show()
    for daemon, paths in zip(contest.daemons, contest.paths, strict=True):
        measures.touch(daemon, paths[: measures.HOT_PATHS], plan.events)
    when = f"after {plan.events:,} events on {measures.HOT_PATHS:,} paths"
    measures.memory(contest.daemons, when).show()


def _measure_bursts(
    plan: Plan, git: str | None, environment: dict[str, str], stack: ExitStack
) -> None:
    """Let each daemon meet bursts, on the fastest file system there is; the other is not there."""
    has_tmpfs = os.access(_SHARED_MEMORY, os.W_OK)
    scratch = _scratch(str(_SHARED_MEMORY) if has_tmpfs else "", stack)
    daemons = _daemons(scratch, git, environment)
    rates: list[list[float]] = [[] for _ in daemons]
    ends: list[list[str]] = [[] for _ in daemons]
    for daemon in daemons:
        trees.make(daemon.root, trees.Shape(1, 1), git or "git", environment)
    for number, daemon in measures.turns(plan.bursts, daemons):
        with running(daemon):
            rate, end = measures.burst(daemon, BURST)
        rates[number].append(rate / 1000)
        ends[number].append(end)
    where = "tmpfs" if has_tmpfs else "no tmpfs"
    figures = [Figures.of(each) for each in rates]
    Row.of(f"burst, {where}: thousand files a second", figures).show()
    worst = [max(each, key=_badness) for each in ends]
    Row.of(f"burst, {where}: worst of {plan.bursts} x {BURST:,} files", worst).show()


def _badness(end: str) -> tuple[bool, int]:
    """Order the ends of bursts: numbers by the numbers, and what is none is worse."""
    digits = end.split(maxsplit=1)[0].replace(",", "")
    return not digits.isdigit(), int(digits) if digits.isdigit() else 0


def _scratch(directory: str, stack: ExitStack) -> Path:
    return Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(
                prefix="fsmond-bench-", dir=directory or None, ignore_cleanup_errors=True
            )
        )
    ).resolve()


def _daemons(scratch: Path, git: str | None, environment: dict[str, str]) -> Sequence[Daemon]:
    ours = Fsmond(scratch / "a", environment)
    return [ours, GitDaemon(scratch / "b", environment, git)] if git else [ours]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tree, in a minute")
    parser.add_argument("--directory", default="", help="where to make the trees (else: TMPDIR)")
    for name in ("starts", "queries", "processes", "events", "bursts"):
        parser.add_argument(f"--{name}", type=int, metavar="N", help="how many of these")
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    plan = QUICK if options.quick else FULL
    return plan._replace(
        starts=options.starts or plan.starts,
        queries=options.queries or plan.queries,
        processes=options.processes or plan.processes,
        events=options.events or plan.events,
        bursts=options.bursts or plan.bursts,
    )


if __name__ == "__main__":
    sys.exit(main())
