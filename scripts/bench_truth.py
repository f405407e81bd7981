"""Truth beside speed: the same random changes to a tree of each, and what its answers left out."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from bench_collectors import Collector
from bench_daemons import Daemon, MeasurementError
from bench_losses import EVERYTHING, Tree, changed, look, lost
from bench_names import ALL_CHANGES, TOGETHER
from bench_results import Series
from bench_setting import MEASURED, Setting
from tree_changes import NAMES, Changes

NAME = "truth"
SHARE = "% missed"
_SEED = 20_260_101
_NAMES = [name for name in NAMES if b"\xff" not in name]  # watchfiles ends at one that is no UTF-8
_BIG = 600  # paths; a tree that has grown so is cut
_AT_ONCE = 12  # changes between two questions, at most
_SINGLE = 0.7  # of the steps are one change: so it is known of which kind each miss is


class Trial:
    """The tree of one contestant, and what came of it."""

    def __init__(self, watcher: Daemon, place: Path, setting: Setting) -> None:
        self.watcher = watcher
        outside = place / "outside"
        watcher.root.mkdir(parents=True)
        outside.mkdir()
        git = [setting.git, "init", "--quiet", str(watcher.root)]
        subprocess.run(git, env=dict(setting.environment), check=True)
        self.changes = Changes(watcher.root, outside, Random(_SEED), names=_NAMES)
        self.changes.grow(15, 30)
        self.missed: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self.before: Tree = {}
        self.goes_on = True

    def begin(self) -> None:
        """Start it; the first look is at what it need not tell."""
        self.watcher.begin()
        self.watcher.query()
        self.before = look(self.watcher.root)

    def step(self, count: int) -> None:
        """Make changes, ask at once, and compare."""
        self.changes.make(count)
        try:
            told = set(self.watcher.query())
        except MEASURED as error:
            self.remarks[f"no answer ({type(error).__name__})"] += 1
            self._begin_again()
            return
        deaf = isinstance(self.watcher, Collector) and self.watcher.deaf
        if EVERYTHING in told:
            self.remarks["everything may have changed, it said"] += 1
        after = look(self.watcher.root)
        kind = TOGETHER if count > 1 else self.changes.log[-1].partition(" ")[0]
        missed, of = len(lost(self.before, after, told)), changed(self.before, after)
        for what in (kind, ALL_CHANGES):
            self.missed[what] += missed
            self.changed[what] += of
        self.before = after
        if deaf:
            self.remarks["told nothing more, and was started anew"] += 1
            self._begin_again()

    def cut(self) -> None:
        """Take something away from a tree that has become too big."""
        if len(self.before) > _BIG:
            shutil.rmtree(self.watcher.root / "a", ignore_errors=True)

    def series(self) -> Iterator[Series]:
        """Return the share of changed paths that was missed, in all and of each kind."""
        first = [ALL_CHANGES, TOGETHER]
        for what in [*first, *sorted(self.changed.keys() - first)]:
            of = self.changed[what]
            if not of:
                continue
            share = (self.missed[what] / of * 100,)
            said = f"{self.missed[what]} of {of} paths" if what == ALL_CHANGES else ""
            if what == ALL_CHANGES:
                said = "; ".join([said, *(f"{n} times {it}" for it, n in self.remarks.items())])
            yield Series.of(NAME, what, self.watcher.name, SHARE, share)._replace(said=said)

    def _begin_again(self) -> None:
        with suppress(*MEASURED):
            self.watcher.stop()
        self.begin()


def measure(setting: Setting) -> Iterator[Series]:
    """Take all through the same steps, each on a tree of its own."""
    everybody = {**setting.daemons, **setting.collectors}
    trials: list[Trial] = []
    given_up: list[Trial] = []
    random = Random(_SEED)
    with setting.place(NAME, fast=True) as place, ExitStack() as alive:
        for number, (name, enter) in enumerate(everybody.items()):
            own = place / str(number)
            own.mkdir()
            trial = Trial(enter(own / "root"), own, setting)
            alive.callback(_stop, trial.watcher)
            try:
                trial.begin()
            except MEASURED as error:
                yield Series(
                    NAME, ALL_CHANGES, name, SHARE, (), None, f"it does not start: {error}"
                )
                continue
            trials.append(trial)
        for _ in range(setting.pick(40, 500)):
            single = random.random() < _SINGLE
            _step(trials, 1 if single else random.randint(2, _AT_ONCE))
            given_up += [trial for trial in trials if not trial.goes_on]
            trials = [trial for trial in trials if trial.goes_on]
        for trial in [*trials, *given_up]:
            yield from trial.series()


def _step(trials: list[Trial], count: int) -> None:
    for trial in trials:
        trial.cut()
        try:
            trial.step(count)
        except MEASURED as error:
            trial.remarks[f"given up: {error}"] += 1
            trial.goes_on = False
    trees = [set(look(trial.watcher.root)) for trial in trials if trial.goes_on]
    if any(tree != trees[0] for tree in trees):
        raise MeasurementError("the trees are not the same any more")


def _stop(watcher: Daemon) -> None:
    with suppress(*MEASURED):
        watcher.stop()
