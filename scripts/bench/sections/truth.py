"""What each watcher misses: the same random changes to a tree of each, checked by scans."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from support.trees.random_changes import NAMES, RandomChanges

from bench.missed_changes import EVERYTHING, Tree, count_changed, missed, scan
from bench.names import ALL_CHANGES, SEVERAL
from bench.peers.daemons import Daemon
from bench.peers.libraries import EventLibrary
from bench.peers.programs import MeasurementError
from bench.results import Series
from bench.setting import FAILURES, Setting

NAME = "truth"
SHARE = "% missed"
_SEED = 20_260_101
_NAMES = [name for name in NAMES if b"\xff" not in name]  # watchfiles ends at one that is not UTF-8
_BIG = 600  # paths; a larger tree is pruned
_AT_ONCE = 12  # changes between two queries, at most
_SINGLE = 0.7  # of the steps are one change, so that the kind of a miss is known


class Trial:
    """One watcher, its tree, and what it missed."""

    def __init__(self, watcher: Daemon, folder: Path, setting: Setting) -> None:
        self.watcher = watcher
        outside = folder / "outside"
        watcher.root.mkdir(parents=True)
        outside.mkdir()
        git = [setting.git, "init", "--quiet", str(watcher.root)]
        subprocess.run(git, env=dict(setting.environment), check=True)
        self.changes = RandomChanges(watcher.root, outside, Random(_SEED), names=_NAMES)
        self.changes.grow(15, 30)
        self.missed: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()
        self.before: Tree = {}
        self.continues = True

    def launch(self) -> None:
        """Start it; the first scan is the baseline."""
        self.watcher.launch()
        self.watcher.query()
        self.before = scan(self.watcher.root)

    def step(self, count: int) -> None:
        """Make changes, query at once, and compare the answer with a scan."""
        self.changes.make(count)
        try:
            reported = set(self.watcher.query())
        except FAILURES as error:
            self.remarks[f"no answer ({type(error).__name__})"] += 1
            self._relaunch()
            return
        stopped = isinstance(self.watcher, EventLibrary) and self.watcher.lost_marker
        if EVERYTHING in reported:
            self.remarks["it answered that everything may have changed"] += 1
        after = scan(self.watcher.root)
        kind = SEVERAL if count > 1 else self.changes.log[-1].partition(" ")[0]
        missing = len(missed(self.before, after, reported))
        count = count_changed(self.before, after)
        for what in (kind, ALL_CHANGES):
            self.missed[what] += missing
            self.changed[what] += count
        self.before = after
        if stopped:
            self.remarks["it stopped reporting, and was restarted"] += 1
            self._relaunch()

    def prune(self) -> None:
        """Remove a part of a tree that has become too big."""
        if len(self.before) > _BIG:
            shutil.rmtree(self.watcher.root / "a", ignore_errors=True)

    def series(self) -> Iterator[Series]:
        """Yield the share of changed paths that it missed, in all and for each kind of change."""
        first = [ALL_CHANGES, SEVERAL]
        for what in [*first, *sorted(self.changed.keys() - first)]:
            of = self.changed[what]
            if not of:
                continue
            share = (self.missed[what] / of * 100,)
            said = f"{self.missed[what]} of {of} paths" if what == ALL_CHANGES else ""
            if what == ALL_CHANGES:
                said = "; ".join([said, *(f"{n} times: {it}" for it, n in self.remarks.items())])
            yield Series.of(NAME, what, self.watcher.name, SHARE, share)._replace(said=said)

    def _relaunch(self) -> None:
        with suppress(*FAILURES):
            self.watcher.stop()
        self.launch()


def measure(setting: Setting) -> Iterator[Series]:
    """Make the same steps on the tree of each watcher."""
    trials: list[Trial] = []
    dropped: list[Trial] = []
    random = Random(_SEED)
    with setting.directory(NAME, on_tmpfs=True) as folder, ExitStack() as stack:
        for number, (name, create) in enumerate(setting.watchers.items()):
            own = folder / str(number)
            own.mkdir()
            trial = Trial(create(own / "root"), own, setting)
            stack.callback(_stop, trial.watcher)
            try:
                trial.launch()
            except FAILURES as error:
                yield Series(
                    NAME, ALL_CHANGES, name, SHARE, (), None, f"it does not start: {error}"
                )
                continue
            trials.append(trial)
        for _ in range(setting.rounds(40, 500)):
            single = random.random() < _SINGLE
            _step(trials, 1 if single else random.randint(2, _AT_ONCE))
            dropped += [trial for trial in trials if not trial.continues]
            trials = [trial for trial in trials if trial.continues]
        for trial in [*trials, *dropped]:
            yield from trial.series()


def _step(trials: list[Trial], count: int) -> None:
    for trial in trials:
        trial.prune()
        try:
            trial.step(count)
        except FAILURES as error:
            trial.remarks[f"dropped: {error}"] += 1
            trial.continues = False
    trees = [set(scan(trial.watcher.root)) for trial in trials if trial.continues]
    if any(tree != trees[0] for tree in trees):
        raise MeasurementError("the trees differ from each other")


def _stop(watcher: Daemon) -> None:
    with suppress(*FAILURES):
        watcher.stop()
