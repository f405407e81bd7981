"""`git status` as a whole: alone, by git's own daemon, by Watchman, and by fsmond.

Each way has a copy of the same tree and a warm index, and all are alive at the same time; in each
round they have their turns in another order.  The git that FSMOND_MODERN_GIT names (2.55 or newer
on Linux, to have a daemon) and the one in PATH are measured one after the other.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import random
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path

import bench_trees as trees
from bench_daemons import BARE_PYTHON, MeasurementError
from bench_git_status import Git, Way, timed
from bench_git_ways import find_gits, ways_of
from bench_names import FLOOR
from bench_results import Series
from bench_setting import MEASURED, MS, Setting, Takings
from bench_watchman import environment_of

NAME = "status"
IDLE, CHANGED, HOOKS = "nothing changed", "two files changed", "the hooks' processes alone"
_WARMING = 3  # the first fills the index; with a monitor, only the second the untracked cache
_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GIT_CONFIGURATION = """
[user]
    name = bench
    email = bench@localhost
[gc]
    auto = 0  # nothing is to go on behind our back
[maintenance]
    auto = false
"""


def measure(setting: Setting) -> Iterator[Series]:
    """Measure each git in each way; what can't be is said in the place of figures."""
    with setting.place(NAME) as place:
        environment = _environment(place, setting.environment)
        for git in find_gits(environment):
            with ExitStack() as alive:
                own = place / git.version
                own.mkdir()
                alive.callback(shutil.rmtree, own, ignore_errors=True)
                ways, absent = ways_of(git, own, environment)
                for who, why in absent.items():
                    yield Series(NAME, _titled(git, IDLE), who, "ms", (), None, why)
                try:
                    yield from _measured(setting, git, ways, alive)
                except MEASURED as error:
                    yield Series(NAME, _titled(git, IDLE), "all", "ms", (), None, str(error))
                finally:
                    with _signals_held_back():
                        alive.close()


def _measured(
    setting: Setting, git: Git, ways: Sequence[Way], alive: ExitStack
) -> Iterator[Series]:
    shape = trees.QUICK if setting.quick else trees.FULL
    for way in ways:
        way.build(shape)
    for way in ways:
        alive.enter_context(way.monitor)
    for way in list(ways) * _WARMING:
        way.status()
    rounds = setting.pick(8, 40)
    for what, change in ((IDLE, _nothing), (CHANGED, Way.change)):
        takings = Takings(NAME, _titled(git, what), "ms")
        statuses(ways, rounds, change, takings)
        yield from takings.series()
    takings = Takings(NAME, _titled(git, HOOKS), "ms")
    processes(ways, setting.pick(15, 100), takings)
    yield from takings.series()


def _titled(git: Git, what: str) -> str:
    return f"git {git.version}, {what}"


def statuses(
    ways: Sequence[Way], rounds: int, change: Callable[[Way, int], None], takings: Takings
) -> None:
    """Measure git in each way, right after the same change in each worktree; all must agree."""
    before = [way.queries() for way in ways]
    for turn in range(rounds):
        told = {}
        for way in random.sample(ways, len(ways)):
            change(way, turn)
            taken, told[way] = way.status()
            takings.keep(way.name, taken * MS)
        for way in ways:
            if told[way] != told[ways[0]]:
                agreed = f"{told[ways[0]]!r} by {ways[0].name}"
                raise MeasurementError(f"git tells {told[way]!r} by {way.name}, {agreed}")
    for way, queries in zip(ways, before, strict=True):
        if way.fsmond and way.queries() - queries < rounds:
            raise MeasurementError(f"git did not ask {way.name} each time")
        change(way, rounds)
        way.check()


def processes(ways: Sequence[Way], rounds: int, takings: Takings) -> None:
    """Measure what git runs as hooks, and the least that one in Python takes."""
    runs = [(FLOOR, ways[0], [*BARE_PYTHON, "-c", "pass"])]
    runs += [(way.name, way, [*way.hook, "2", way.token()]) for way in ways if way.hook]
    for _ in range(rounds):
        for name, way, words in random.sample(runs, len(runs)):
            with chdir(way.root):
                taken = timed(words, way.environment, way.root.with_suffix(".output"))
            takings.keep(name, taken * MS)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _nothing(_: Way, __: int) -> None:
    pass


def _environment(place: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return one without anybody's configuration; who keeps something keeps it in `place`."""
    (place / ".gitconfig").write_text(_GIT_CONFIGURATION, encoding="ascii")
    return {**environment, "HOME": str(place), **environment_of(place)}
