"""The whole of `git status`: without a monitor, with git's daemon, Watchman and fsmond.

Each setup has a copy of the same tree and a warm index; all run at the same time, in each round in
another order.  The git that FSMOND_MODERN_GIT names (2.55 or newer on Linux, to have a daemon) and
the one in PATH are measured one after the other.
"""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import random
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager

from bench import trees
from bench.names import EMPTY_PROGRAM
from bench.peers.daemons import BARE_PYTHON
from bench.peers.git_setups import Git, GitSetup, find_gits, git_environment, setups_of
from bench.peers.programs import MeasurementError, timed
from bench.results import Series
from bench.setting import FAILURES, MS, Measurements, Setting

NAME = "status"
IDLE, CHANGED, HOOKS = "nothing changed", "two files changed", "the hooks' processes alone"
_WARMING = 3  # the first fills the index; with a monitor, only the second fills the untracked cache
_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def measure(setting: Setting) -> Iterator[Series]:
    """Measure each git with each setup; a setup that is absent gets a remark."""
    with setting.directory(NAME) as folder:
        environment = git_environment(folder, setting.environment)
        for git in find_gits(environment):
            with ExitStack() as stack:
                own = folder / git.version
                own.mkdir()
                stack.callback(shutil.rmtree, own, ignore_errors=True)
                setups, absent = setups_of(git, own, environment)
                for who, reason in absent.items():
                    yield Series(NAME, _titled(git, IDLE), who, "ms", (), None, reason)
                try:
                    yield from _measured(setting, git, setups, stack)
                except FAILURES as error:
                    yield Series(NAME, _titled(git, IDLE), "all", "ms", (), None, str(error))
                finally:
                    with _signals_blocked():
                        stack.close()


def _measured(
    setting: Setting, git: Git, setups: Sequence[GitSetup], stack: ExitStack
) -> Iterator[Series]:
    shape = trees.QUICK if setting.quick else trees.FULL
    for setup in setups:
        setup.build(shape)
    for setup in setups:
        stack.enter_context(setup.monitor)
    for setup in list(setups) * _WARMING:
        setup.status()
    rounds = setting.rounds(8, 40)
    for what, change in ((IDLE, _nothing), (CHANGED, GitSetup.change)):
        measured = Measurements(NAME, _titled(git, what), "ms")
        measure_status(setups, rounds, change, measured)
        yield from measured.series()
    measured = Measurements(NAME, _titled(git, HOOKS), "ms")
    measure_hooks(setups, setting.rounds(15, 100), measured)
    yield from measured.series()


def _titled(git: Git, what: str) -> str:
    return f"git {git.version}, {what}"


def measure_status(
    setups: Sequence[GitSetup],
    rounds: int,
    change: Callable[[GitSetup, int], None],
    measured: Measurements,
) -> None:
    """Measure `git status` right after the same change in each worktree; all outputs must agree."""
    before = [setup.queries() for setup in setups]
    for turn in range(rounds):
        outputs = {}
        for setup in random.sample(setups, len(setups)):
            change(setup, turn)
            taken, outputs[setup] = setup.status()
            measured.add(setup.name, taken * MS)
        for setup in setups:
            if outputs[setup] != outputs[setups[0]]:
                other = f"{outputs[setups[0]]!r} for {setups[0].name}"
                raise MeasurementError(f"git prints {outputs[setup]!r} for {setup.name}, {other}")
    for setup, queries in zip(setups, before, strict=True):
        if setup.fsmond and setup.queries() - queries < rounds:
            raise MeasurementError(f"git did not query each time: {setup.name}")
        change(setup, rounds)
        setup.check()


def measure_hooks(setups: Sequence[GitSetup], rounds: int, measured: Measurements) -> None:
    """Measure the hook processes that git runs, and an empty Python program."""
    runs = [(EMPTY_PROGRAM, setups[0], [*BARE_PYTHON, "-c", "pass"])]
    runs += [
        (setup.name, setup, [*setup.hook, "2", setup.token()]) for setup in setups if setup.hook
    ]
    for _ in range(rounds):
        for name, setup, words in random.sample(runs, len(runs)):
            with chdir(setup.root):
                taken = timed(words, setup.environment, setup.root.with_suffix(".output"))
            measured.add(name, taken * MS)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _nothing(_: GitSetup, __: int) -> None:
    pass
