"""Measure `git status` as a whole: alone, by git's own daemon, by Watchman, and by fsmond.

Each way has a copy of the same tree and a warm index, and all are alive at the same time; in each
round they have their turns in another order.  The git that FSMOND_MODERN_GIT names (2.55 or newer
on Linux, to have a daemon) and the one in PATH are measured one after the other.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import argparse
import random
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import NamedTuple

import bench_git_watchman as watchman
import bench_trees as trees
from bench_daemons import BARE_PYTHON, COMMAND, MeasurementError, clean_environment
from bench_figures import Figures, print_machine
from bench_git_status import Way, timed
from bench_git_ways import BUILTIN, GIT_DAEMON, HOOK, PLAIN, WATCHMAN, find_gits, ways_of
from cleaning import undisturbed_cleaning

MS = 1e3  # in a second
WARMING = 3  # the first fills the index; with a monitor, only the second the untracked cache
HOOK_OVER_FLOOR = 3.0  # ms; the design's

RIVALS = {HOOK: (WATCHMAN, 0.85), BUILTIN: (GIT_DAEMON, 1.0)}
"""Whom each of ours is held against, and how many times as long it may take."""
FLOOR = "python -I -S -c pass (the floor)"

_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WIDTHS = (40, 24, 10, 10, 18)
_HEADING = ("median (p10 - p90)", "x plain", "x rival", "at most")
_GIT_CONFIGURATION = """
[user]
    name = bench
    email = bench@localhost
[gc]
    auto = 0  # nothing is to go on behind our back
[maintenance]
    auto = false
"""


class Plan(NamedTuple):
    """How much is measured."""

    shape: trees.Shape
    rounds: int
    processes: int


FULL = Plan(trees.FULL, 100, 200)
QUICK = Plan(trees.QUICK, 15, 50)


def main() -> int:
    """Measure; return the exit status."""
    options = _options()
    plan = QUICK if options.quick else FULL
    plan = plan._replace(rounds=options.rounds or plan.rounds)
    if not COMMAND.exists():
        print(f"bench: no {COMMAND}; try: {sys.executable} -m pip install .", file=sys.stderr)
        return 1
    try:
        with ExitStack() as stack, undisturbed_cleaning():
            measure(plan, options.directory, stack)
    except MeasurementError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def measure(plan: Plan, directory: str, stack: ExitStack) -> None:
    """Print the tables of each git; what is made for them is removed by the stack."""
    scratch = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(
                prefix="fsmond-bench-", dir=directory or None, ignore_cleanup_errors=True
            )
        )
    ).resolve()
    environment = _environment(scratch)
    gits = find_gits(environment)
    print_machine(gits[0].command, str(scratch))
    print(f"shape    {plan.shape}")
    print(f"times    ms, of {plan.rounds} rounds; those of processes alone, of {plan.processes}")
    for git in gits:
        # On the outer stack, so that no second signal disturbs what ends it after a first.
        alive = stack.enter_context(ExitStack())
        place = scratch / git.version
        place.mkdir()
        alive.callback(shutil.rmtree, place, ignore_errors=True)
        ways, remarks = ways_of(git, place, environment)
        print("".join(f"\n{each}" for each in remarks))
        measure_git(plan, ways, alive)
        with _signals_held_back():
            alive.close()


def measure_git(plan: Plan, ways: Sequence[Way], alive: ExitStack) -> None:
    """Print the tables of a git; what runs for them is stopped by the stack."""
    for way in ways:
        way.build(plan.shape)
    for way in ways:
        alive.enter_context(way.monitor)
    for way in list(ways) * WARMING:
        way.status()
    version = ways[0].git.version
    _show(f"git {version} status, nothing changed", statuses(ways, plan.rounds, _nothing))
    _show(f"git {version} status, two files changed", statuses(ways, plan.rounds, Way.change))
    _show("the hooks' processes alone", processes(ways, plan.processes))


def statuses(
    ways: Sequence[Way], rounds: int, change: Callable[[Way, int], None]
) -> dict[str, Figures]:
    """Measure git in each way, right after the same change in each worktree; all must agree."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    before = [way.queries() for way in ways]
    for turn in range(rounds):
        told = {}
        for way in random.sample(ways, len(ways)):
            change(way, turn)
            taken, told[way] = way.status()
            times[way.name].append(taken * MS)
        for way in ways:
            if told[way] != told[ways[0]]:
                agreed = f"{told[ways[0]]!r} by {ways[0].name}"
                raise MeasurementError(f"git tells {told[way]!r} by {way.name}, {agreed}")
    for way, queries in zip(ways, before, strict=True):
        if way.fsmond and way.queries() - queries < rounds:
            raise MeasurementError(f"git did not ask {way.name} each time")
        change(way, rounds)
        way.check()
    return {name: Figures.of(taken) for name, taken in times.items()}


def processes(ways: Sequence[Way], rounds: int) -> dict[str, Figures]:
    """Measure what git runs as hooks, and the least that one in Python takes."""
    runs = [(FLOOR, ways[0], [*BARE_PYTHON, "-c", "pass"])]
    runs += [(way.name, way, [*way.hook, "2", way.token()]) for way in ways if way.hook]
    times: dict[str, list[float]] = {name: [] for name, _, _ in runs}
    for _ in range(rounds):
        for name, way, words in random.sample(runs, len(runs)):
            with chdir(way.root):
                taken = timed(words, way.environment, way.root.with_suffix(".output"))
            times[name].append(taken * MS)
    return {name: Figures.of(taken) for name, taken in times.items()}


@contextmanager
def _signals_held_back() -> Iterator[None]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _show(what: str, measured: Mapping[str, Figures]) -> None:
    print()
    _print_cells(what, *_HEADING)
    plain, floor = measured.get(PLAIN), measured.get(FLOOR)
    for name, figures in measured.items():
        of_plain = f"{figures.median / plain.median:.2f}" if plain else "-"
        rival, factor = RIVALS.get(name, ("", 0.0))
        ratio, target = "-", "-"
        if rival in measured:
            times = figures.median / measured[rival].median
            ratio = f"{times:.2f}"
            target = f"x {factor:.2f}  {_verdict(reached=times <= factor)}"
        if name == HOOK and floor:
            limit = floor.median + HOOK_OVER_FLOOR
            target = f"{limit:.1f}  {_verdict(reached=figures.median <= limit)}"
        _print_cells(name, str(figures), of_plain, ratio, target)


def _verdict(*, reached: bool) -> str:
    return "reached" if reached else "MISSED"


def _print_cells(*cells: str) -> None:
    line = "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


def _nothing(_: Way, __: int) -> None:
    pass


def _environment(scratch: Path) -> dict[str, str]:
    """Return one without anybody's configuration; who keeps something keeps it in `scratch`."""
    (scratch / ".gitconfig").write_text(_GIT_CONFIGURATION, encoding="ascii")
    return {**clean_environment(scratch), **watchman.environment_of(scratch)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tree, in a minute")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often git is run in each way")
    parser.add_argument("--directory", default="", help="where to make the trees (else: TMPDIR)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
