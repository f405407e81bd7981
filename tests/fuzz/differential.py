"""Compare fsmond's answers with the tree, over random changes of every kind.

test_differential.py runs this, as some modes need a process of their own.  To replay a seed:

    PYTHONPATH=.:tests python tests/fuzz/differential.py --mode few --seed 12345
"""

import argparse
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fuzz.kinds import KindCheck
from fuzz.linking import LinkChanges
from fuzz.losing import losing
from fuzz.restarting import RestartTrial
from fuzz.watched import FEW, watching
from fuzz.watchman_client import WatchmanTrial
from support.trees import truth
from support.trees.random_changes import RandomChanges
from support.trees.steps import TIMESTAMP_STEP
from support.wine import is_wine, reporting_all_directories

from fsmond.index.difference import Difference
from fsmond.monitor import index_worker
from fsmond.monitor.monitor import Changes, Monitor

if sys.platform == "linux":
    from fsmond.watching.inotify import emitter

LINKS = tuple(f"links{way}" for way in ("", "-few", "-overflow", "-scan", "-marks", "-fanotify"))
RESTARTS = ("restart", "kill")  # of the monitor
# By inotify; by fanotify, which has whole file systems reported, or by its marks of directories;
# by both, when few watches of inotify are left.
EVENTS = ("events", "fanotify", "marks", "spare")
MODES = (*EVENTS, "few", "scan", "overflow", *LINKS, *RESTARTS, "watchman")
REASONS = {
    "few": ("degraded",),
    "scan": ("degraded",),
    "overflow": ("overflow",),
    "fanotify": ("overflow",),  # it hears what others do on the same file system
}
BIG = 1500  # paths; a larger tree is cut
FIGURES = ("made", "changed", "reported", "kept", "doubtful")
ROUNDS = 30
LINK_ROUNDS = 250
# There, no event reports a store through a memory map, and not every user may make links.
WITHOUT: tuple[str, ...] = () if sys.platform != "win32" else ("store_by_map", "symbolic_link")
if is_wine():  # see there: paths below a renamed directory are reported by their old names
    WITHOUT += ("rename_directory", "rename_there_and_back", "rename_into_new", "chain")
    WITHOUT += ("move_out", "edit_outside_and_move_in")


class Trial:
    """One tree, and the series of changes that a seed determines."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        self.root, outside = folder / "root", folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self.mode = mode
        # Without events, a name that appears or vanishes in the root means "everything".
        self.top = self.root if mode in EVENTS or seed // 1000 % 4 == 0 else self.root / "top"
        self.top.mkdir(exist_ok=True)
        self.changes = RandomChanges(self.top, outside, self.random, without=WITHOUT)
        self.changes.grow(12, 25)
        if self.top is not self.root:
            time.sleep(TIMESTAMP_STEP)  # else the root could change again without a new time
        self._root_changed = os.stat(self.root).st_ctime_ns
        self._queried_before = time.time_ns()
        self.reported = self.changed = 0  # for the precision
        self.kinds = KindCheck()
        self._linked: set[int] = set()  # the inodes of all files that ever had several names

    def run(self) -> None:
        """Change, query and compare, many times.  Raises AssertionError."""
        with watching(self.root, self.mode) as monitor:
            token, before = monitor.query(None).token, truth.snapshot(self.root)
            for _ in range(ROUNDS):
                begin = len(self.changes.log)
                self._change(monitor)
                changes, now = monitor.query(bytes(token)), truth.snapshot(self.root)
                self._compare(changes, before, now, begin)
                if changes.paths is not None:
                    kinds = monitor.kinds(changes.paths, bytes(token))
                    self.kinds.check(kinds, before, now)
                token, before = changes.token, now
                self._rest(monitor)
            if self.mode in EVENTS:
                self._check_watches(monitor, before)

    def _change(self, monitor: Monitor) -> None:
        if self.mode == "overflow" and self.random.random() < 0.2:
            with losing(monitor, self.root):
                self.changes.make(self.random.randint(1, 12))
        else:
            self.changes.make(self.random.randint(1, 12))
        if len(truth.snapshot(self.root)) > BIG:
            shutil.rmtree(self.top / "a", ignore_errors=True)

    def _compare(self, changes: Changes, before: truth.Tree, now: truth.Tree, begin: int) -> None:
        made = "\n".join(self.changes.log[begin:])
        accepted = self._may_be_everything(changes)
        self._linked.update(self.changes.linked.values())
        if changes.paths is None and accepted:
            self.changes.linked.clear()
            return
        assert changes.paths is not None, f"everything, as {changes.reason}, after\n{made}"
        missed = truth.unreported(before, now, changes.paths)
        if self.mode != "scan":
            missed = {each for each in missed if not self._has_unknown_name(each, now)}
        self.changes.linked.clear()
        assert not missed, f"not reported: {sorted(missed)}, after\n{made}"
        assert len(set(changes.paths)) == len(changes.paths), changes.paths
        assert b"" not in changes.paths
        self.reported += len(changes.paths)
        self.changed += len(truth.changed(before, now))

    def _may_be_everything(self, changes: Changes) -> bool:
        """Return whether names in the root may have changed where no event reports that.

        Also through a link that leads there.
        """
        before, self._root_changed = self._root_changed, os.stat(self.root).st_ctime_ns
        root_changed = self.top is self.root or before != self._root_changed
        # What was read within a clock tick of its change may have changed again; many queries may
        # come within one.
        is_racy = self._root_changed > self._queried_before - int(TIMESTAMP_STEP * 1e9)
        self._queried_before = time.time_ns()
        return (root_changed or is_racy) and changes.reason in REASONS.get(self.mode, ())

    def _has_unknown_name(self, path: bytes, now: truth.Tree) -> bool:
        """Return whether a file has a name outside the tree, or had one that was never checked.

        The mode `links` knows exactly what must be reported even then.
        """
        if path not in now or now[path][1] not in self._linked:
            return False
        inode = now[path][1]
        names = sum(signature[1] == inode for signature in now.values())
        status = os.lstat(os.path.join(os.fsencode(self.root), path))
        added = [name for name, of in self.changes.linked.items() if of == inode]
        removed = any(now.get(name, (0, 0))[1] != inode for name in added)
        return removed or status.st_nlink > names

    def _rest(self, monitor: Monitor) -> None:
        """Give the monitor time, now and then, to refresh its index."""
        if self.random.random() < 0.5:
            monitor.tick()
            monitor.tick()
            time.sleep(self.random.choice([0.0, 0.02]))

    def _check_watches(self, monitor: Monitor, now: truth.Tree) -> None:
        directories = sum(path.endswith(b"/") for path in now) + 1
        assert monitor.watcher.counts().directories == directories
        result = monitor.index_worker.verify(time.monotonic() + 30)
        assert result is not None
        unreported = [
            each for each in result.differences if not self._had_several_names(each.path, now)
        ]
        assert not unreported, f"no event reported {unreported}"

    def _had_several_names(self, path: bytes, now: truth.Tree) -> bool:
        return path in now and now[path][1] in self._linked


class LinkTrial:
    """The same with hard links only; what must be reported is known exactly."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        self.root, outside = folder / "root", folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self.mode = mode
        self.changes = LinkChanges(self.root, outside, self.random, all_watched=mode not in FEW)
        self.changes.make(20)
        self.reported = self.changed = 0

    def run(self) -> None:
        """Change, query and compare, many times.  Raises AssertionError."""
        with watching(self.root, self.mode) as monitor:
            self._collect_late_findings(monitor)
            token, self._before = monitor.query(None).token, truth.snapshot(self.root)
            self.changes.answered(self._before)
            for _ in range(LINK_ROUNDS):
                self._begin = len(self.changes.log)
                self._change(monitor)
                changes, now = monitor.query(bytes(token)), truth.snapshot(self.root)
                if changes.paths is None:
                    self.accept_everything(changes)
                else:
                    self._check(truth.unreported(self._before, now, changes.paths), now)
                    self.reported += len(changes.paths)
                self.changed += len(truth.changed(self._before, now))
                token, self._before = changes.token, now
                self.changes.answered(now)
        self.changes.close()

    def accept_everything(self, changes: Changes) -> None:
        """Fail if "everything" cannot be right; names in the root change in most rounds."""
        allowed = REASONS.get(self.mode.removeprefix("links-"), ())
        assert changes.reason in allowed, f"everything, as {changes.reason}"

    def _change(self, monitor: Monitor) -> None:
        if self.mode.endswith("overflow") and self.random.random() < 0.05:
            with losing(monitor, self.root):
                self.changes.make(self.random.randint(1, 6))
        for _ in range(self.random.choice([1, 1, 2, 3])):
            self.changes.make(self.random.choice([1, 1, 2, 4]))
            match self.random.randrange(12):
                case 0:
                    assert monitor.index_worker.verify(time.monotonic() + 30) is not None
                    self.changes.log.append("verify")
                    self._compared = True
                case 1 | 2 | 3:
                    monitor.tick()
                    time.sleep(self.random.choice([0.0, 0.0, 0.01]))
                    self.changes.log.append("tick")
                case 4:
                    time.sleep(0.007)  # the watcher's thread reads the events
                    self.changes.log.append("wait")

    def _collect_late_findings(self, monitor: Monitor) -> None:
        """Count what a refresh or `verify` finds as missed: it is reported too late."""
        self._late: set[bytes] = set()
        self._compared = False
        if self.mode == "links":
            for name in ("refresh", "verify"):
                setattr(monitor.index_worker.reconciler, name, self._collecting(monitor, name))

    def _collecting(self, monitor: Monitor, name: str) -> Callable[[int], list[Difference]]:
        compare = getattr(monitor.index_worker.reconciler, name)

        def collecting(losses: int) -> list[Difference]:
            found: list[Difference] = compare(losses)
            self._late |= {each.path for each in found}
            return found

        return collecting

    def _check(self, missed: set[bytes], now: truth.Tree) -> None:
        excused = self.changes.may_omit
        missed = {path for path in missed if not excused(path, self._before, now)}
        missed |= {
            path for path in self._late if not self.changes.may_be_found(path, self._before, now)
        }
        self._late.clear()
        if self._compared:
            self.changes.compared()
        self._compared = False
        made = "\n".join(self.changes.log[self._begin :])
        assert not missed, f"not reported: {sorted(missed)}, after\n{made}"


def concurrent_link_changes(folder: Path, mode: str, seed: int) -> None:
    """Query while hard links change; re-read what is reported, as a client does."""
    trial = LinkTrial(folder, mode, seed)
    with watching(trial.root, mode) as monitor:
        token, seen = monitor.query(None).token, truth.snapshot(trial.root)
        for _ in range(LINK_ROUNDS):
            trial.changes.answered(seen)
            begin = len(trial.changes.log)
            writer = threading.Thread(target=trial.changes.make, args=[12])
            writer.start()
            busy = True
            while busy:
                busy = writer.is_alive()  # before the last query
                changes = monitor.query(bytes(token))
                token, now = changes.token, truth.snapshot(trial.root)
                if changes.paths is None:
                    trial.accept_everything(changes)
                    seen = now
                else:
                    seen = truth.updated(seen, now, changes.paths)
            writer.join()
            missed = {
                path
                for path in truth.changed(seen, now)
                if not trial.changes.may_omit_last(path, now)
            }
            made = "\n".join(trial.changes.log[begin:])
            assert not missed, f"not reported: {sorted(missed)}, after\n{made}"
            seen = now
    trial.changes.close()


def concurrent_changes(folder: Path, mode: str, seed: int) -> None:
    """Query while two processes change the tree; compare at the end."""
    trial = Trial(folder, mode, seed)
    with watching(trial.root, mode) as monitor:
        answers, before = [monitor.query(None)], truth.snapshot(trial.root)
        writers = [_writer(trial.top, folder / "outside", seed + number) for number in (1, 2)]
        while any(writer.poll() is None for writer in writers):
            if mode == "overflow" and trial.random.random() < 0.05:
                with losing(monitor, trial.root):
                    pass
            answers.append(monitor.query(bytes(answers[-1].token)))
            monitor.tick()
        answers.append(monitor.query(bytes(answers[-1].token)))
        now = truth.snapshot(trial.root)
    for answer in answers[1:]:
        if answer.paths is None and trial._may_be_everything(answer):
            return
        assert answer.paths is not None, f"everything, as {answer.reason}"
    reported = {path for answer in answers[1:] for path in answer.paths or ()}
    missed = truth.unreported(before, now, reported)
    assert not missed, f"not reported: {sorted(missed)}"


def _writer(tree: Path, outside: Path, seed: int) -> subprocess.Popen[bytes]:
    program = Path(__file__).with_name("writer.py")
    return subprocess.Popen([sys.executable, program, str(tree), str(outside), str(seed), *WITHOUT])


def main() -> int:
    """Try one seed, or new ones for some time; return the exit status."""
    options = _options()
    logging.disable(logging.WARNING)
    index_worker.MIN_PAUSE, index_worker.PAUSE_FACTOR = 0.0, 0  # refresh as often as possible
    if sys.platform == "linux":
        emitter.RETRY_INTERVAL, emitter.MAX_BACKOFF = 0.0, 0.02
    if options.plant and sys.platform == "linux":
        from fuzz.planting import plant

        plant(options.plant)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    end, trials, figures = time.monotonic() + options.seconds, 0, Counter[str]()
    while not trials or time.monotonic() < end:
        is_concurrent = options.crowd or trials % 4 == 3
        with _workspace() as folder:
            try:
                figures.update(_try(folder, options.mode, seed, is_concurrent=is_concurrent))
            except AssertionError as error:
                crowd = " --crowd" * is_concurrent
                print(f"--mode {options.mode} --seed {seed}{crowd}: {error}", file=sys.stderr)
                return 1
        trials, seed = trials + 1, seed + 1000
    print(
        "{} trials, {made} changes: {changed} paths changed, {reported} reported\n"
        "{kept} paths were the same file as before, {doubtful} of them reported as created".format(
            trials, **{name: figures[name] for name in FIGURES}
        )
    )
    return 0


def _try(folder: Path, mode: str, seed: int, *, is_concurrent: bool) -> dict[str, int]:
    """Run one trial; return its FIGURES.  Raises AssertionError."""
    trial: Trial | LinkTrial | RestartTrial | WatchmanTrial
    if mode == "watchman":
        trial = WatchmanTrial(folder, seed, WITHOUT)
    elif mode in RESTARTS:
        trial = RestartTrial(folder, mode, seed, WITHOUT)
    elif is_concurrent:
        (concurrent_link_changes if mode in LINKS else concurrent_changes)(folder, mode, seed)
        return {}
    else:
        trial = (LinkTrial if mode in LINKS else Trial)(folder, mode, seed)
    trial.run()
    kinds = KindCheck() if isinstance(trial, LinkTrial) else trial.kinds
    values = (len(trial.changes.log), trial.changed, trial.reported, kinds.same, kinds.doubtful)
    return dict(zip(FIGURES, values, strict=True))


@contextmanager
def _workspace() -> Iterator[Path]:
    """Make a folder with a root in it; its git directory keeps cookies out of the way."""
    with tempfile.TemporaryDirectory(prefix="fsmond-fuzz-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        with reporting_all_directories(root):
            (root / ".git").mkdir()
            yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=MODES, default="events")
    parser.add_argument(
        "--seed", type=int, help="of the first series; the only one without --seconds"
    )
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--crowd", action="store_true", help="always with concurrent writers")
    parser.add_argument("--plant", help="with a defect that must be found: see planting.py")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
