"""Hold fsmond's answers against the tree, over random changes of every kind.

Run by test_differential.py, as some modes need a process of their own.  By hand, to replay a seed:

    PYTHONPATH=.:tests python tests/fuzz/differential.py --mode few --seed 12345
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import truth
from backends import until_built
from fuzz.linking import LinkChanges
from fuzz.losing import losing
from steps import UNMISTAKABLE
from tree_changes import Changes
from wine import is_wine, telling_of_all

from fsmond.daemon import schedule
from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.index.difference import Difference
from fsmond.watching.choice import How, watcher_for_platform

if sys.platform == "linux":
    from fsmond.watching import inotify

LINKS = ("links", "links-few", "links-overflow", "links-scan")  # of files with several names alone
MODES = ("events", "few", "scan", "overflow", *LINKS)
FEW = {"few": 12, "links-few": 3}  # watches, in the modes that have too few
REASONS = {"few": ("degraded",), "scan": ("degraded",), "overflow": ("overflow",)}
BIG = 1500  # paths; a tree that has grown so is cut
ROUNDS = 30
LINK_ROUNDS = 250
EXCLUDED = frozenset({b".git"})
# No event tells of a store through a memory map there, and not all may make links.
WITHOUT: tuple[str, ...] = () if sys.platform != "win32" else ("store_by_map", "symbolic_link")
if is_wine():  # see there: what is below a renamed directory is told by its old name
    WITHOUT += ("rename_directory", "rename_there_and_back", "rename_into_new", "chain")
    WITHOUT += ("move_out", "edit_outside_and_move_in")
_LIMIT = Path("/proc/sys/user/max_inotify_watches")


class Trial:
    """One tree, and the series of changes that a seed stands for."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        self.root, outside = folder / "root", folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self.mode = mode
        # Where only a comparison tells, a name that came or went in the root means everything.
        self.top = self.root if mode == "events" or seed // 1000 % 4 == 0 else self.root / "top"
        self.top.mkdir(exist_ok=True)
        self.changes = Changes(self.top, outside, self.random, without=WITHOUT)
        self.changes.grow(12, 25)
        if self.top is not self.root:
            time.sleep(UNMISTAKABLE)  # else the root could change again without another time
        self._root_changed = os.stat(self.root).st_ctime_ns
        self._was_stirred = False
        self.reported = self.changed = 0  # for the precision
        self._linked: set[int] = set()  # the inodes of all files that ever had several names

    def run(self) -> None:
        """Make changes, ask, and compare, time and again.  Raises AssertionError."""
        with watching(self.root, self.mode) as monitor:
            token, before = monitor.query(None).token, truth.look(self.root)
            for _ in range(ROUNDS):
                begin = len(self.changes.log)
                self._change(monitor)
                missed, now = monitor.query(bytes(token)), truth.look(self.root)
                self._compare(missed, before, now, begin)
                token, before = missed.token, now
                self._rest(monitor)
            if self.mode == "events":
                self._look_at_the_watches(monitor, before)

    def _change(self, monitor: Monitor) -> None:
        if self.mode == "overflow" and self.random.random() < 0.2:
            with losing(monitor, self.root):
                self.changes.make(self.random.randint(1, 12))
        else:
            self.changes.make(self.random.randint(1, 12))
        if len(truth.look(self.root)) > BIG:
            shutil.rmtree(self.top / "a", ignore_errors=True)

    def _compare(self, missed: Missed, before: truth.Tree, now: truth.Tree, begin: int) -> None:
        made = "\n".join(self.changes.log[begin:])
        accepted = self._may_be_everything(missed)
        if missed.paths is None and accepted:
            self.changes.linked.clear()
            return
        assert missed.paths is not None, f"everything, as {missed.reason}, after\n{made}"
        left_out = truth.missed(before, now, missed.paths)
        self._linked.update(self.changes.linked.values())
        if self.mode != "scan":
            left_out = {each for each in left_out if not self._has_a_lost_name(each, now)}
        self.changes.linked.clear()
        assert not left_out, f"not reported: {sorted(left_out)}, after\n{made}"
        assert len(set(missed.paths)) == len(missed.paths), missed.paths
        assert b"" not in missed.paths
        self.reported += len(missed.paths)
        self.changed += len(truth.changed(before, now))

    def _may_be_everything(self, missed: Missed) -> bool:
        """Say whether names may have come to the root, or gone, where no event tells.

        Also by a link that leads there.
        """
        before, self._root_changed = self._root_changed, os.stat(self.root).st_ctime_ns
        stirred = self.top is self.root or before != self._root_changed
        # What was looked at within a tick of the clock may have changed again.
        once_more, self._was_stirred = self._was_stirred, stirred
        return (stirred or once_more) and missed.reason in REASONS.get(self.mode, ())

    def _has_a_lost_name(self, path: bytes, now: truth.Tree) -> bool:
        """Say whether the file has a name outside of the tree, or one came and went unseen.

        The mode `links` knows exactly what has to be reported even then.
        """
        if path not in now or now[path][1] not in self._linked:
            return False
        inode = now[path][1]
        names = sum(signature[1] == inode for signature in now.values())
        status = os.lstat(os.path.join(os.fsencode(self.root), path))
        came = [name for name, of in self.changes.linked.items() if of == inode]
        went = any(now.get(name, (0, 0))[1] != inode for name in came)
        return went or status.st_nlink > names

    def _rest(self, monitor: Monitor) -> None:
        """Give it time, now and then, to bring its index up to date."""
        if self.random.random() < 0.5:
            monitor.tick()
            monitor.tick()
            time.sleep(self.random.choice([0.0, 0.02]))

    def _look_at_the_watches(self, monitor: Monitor, now: truth.Tree) -> None:
        directories = sum(path.endswith(b"/") for path in now) + 1
        assert monitor.watcher.counts().directories == directories
        verdict = monitor.keeper.verify(time.monotonic() + 30)
        assert verdict is not None
        untold = [each for each in verdict.differences if not self._had_names(each.path, now)]
        assert not untold, f"no event told of {untold}"

    def _had_names(self, path: bytes, now: truth.Tree) -> bool:
        return path in now and now[path][1] in self._linked


class LinkTrial:
    """The same of files with several names alone, with what has to be reported known exactly."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        self.root, outside = folder / "root", folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self.mode = mode
        self.changes = LinkChanges(self.root, outside, self.random, all_watched=mode not in FEW)
        self.changes.make(20)
        self.reported = self.changed = 0

    def run(self) -> None:
        """Make changes, ask, and compare, time and again.  Raises AssertionError."""
        with watching(self.root, self.mode) as monitor:
            self._heed_what_was_not_told(monitor)
            token, self._before = monitor.query(None).token, truth.look(self.root)
            self.changes.answered(self._before)
            for _ in range(LINK_ROUNDS):
                self._begin = len(self.changes.log)
                self._change(monitor)
                missed, now = monitor.query(bytes(token)), truth.look(self.root)
                if missed.paths is None:
                    self.accept_everything(missed)
                else:
                    self._judge(truth.missed(self._before, now, missed.paths), now)
                    self.reported += len(missed.paths)
                self.changed += len(truth.changed(self._before, now))
                token, self._before = missed.token, now
                self.changes.answered(now)
        self.changes.close()

    def accept_everything(self, missed: Missed) -> None:
        """Fail if that cannot be right; names come to the root, and go, in most rounds."""
        allowed = REASONS.get(self.mode.removeprefix("links-"), ())
        assert missed.reason in allowed, f"everything, as {missed.reason}"

    def _change(self, monitor: Monitor) -> None:
        if self.mode.endswith("overflow") and self.random.random() < 0.05:
            with losing(monitor, self.root):
                self.changes.make(self.random.randint(1, 6))
        for _ in range(self.random.choice([1, 1, 2, 3])):
            self.changes.make(self.random.choice([1, 1, 2, 4]))
            match self.random.randrange(12):
                case 0:
                    assert monitor.keeper.verify(time.monotonic() + 30) is not None
                    self.changes.log.append("verify")
                    self._compared = True
                case 1 | 2 | 3:
                    monitor.tick()
                    time.sleep(self.random.choice([0.0, 0.0, 0.01]))
                    self.changes.log.append("tick")
                case 4:
                    time.sleep(0.007)  # the watcher's thread takes the events
                    self.changes.log.append("wait")

    def _heed_what_was_not_told(self, monitor: Monitor) -> None:
        """Have what a comparison finds, and reports, count as missed: it comes too late."""
        self._late: set[bytes] = set()
        self._compared = False
        if self.mode == "links":
            for name in ("refresh", "verify"):
                setattr(monitor.keeper.reconciler, name, self._heeding(monitor, name))

    def _heeding(self, monitor: Monitor, name: str) -> Callable[[int], list[Difference]]:
        compare = getattr(monitor.keeper.reconciler, name)

        def heeding(losses: int) -> list[Difference]:
            found: list[Difference] = compare(losses)
            self._late |= {each.path for each in found}
            return found

        return heeding

    def _judge(self, left_out: set[bytes], now: truth.Tree) -> None:
        excused = self.changes.may_pass_over
        left_out = {path for path in left_out if not excused(path, self._before, now)}
        left_out |= {
            path for path in self._late if not self.changes.may_be_found(path, self._before, now)
        }
        self._late.clear()
        if self._compared:
            self.changes.compared()
        self._compared = False
        made = "\n".join(self.changes.log[self._begin :])
        assert not left_out, f"not reported: {sorted(left_out)}, after\n{made}"


def crowd_of_links(folder: Path, mode: str, seed: int) -> None:
    """Ask while files with several names change; look at what is reported, as a client does."""
    trial = LinkTrial(folder, mode, seed)
    with watching(trial.root, mode) as monitor:
        token, seen = monitor.query(None).token, truth.look(trial.root)
        for _ in range(LINK_ROUNDS):
            trial.changes.answered(seen)
            begin = len(trial.changes.log)
            writer = threading.Thread(target=trial.changes.make, args=[12])
            writer.start()
            busy = True
            while busy:
                busy = writer.is_alive()  # before the last question
                missed = monitor.query(bytes(token))
                token, now = missed.token, truth.look(trial.root)
                if missed.paths is None:
                    trial.accept_everything(missed)
                    seen = now
                else:
                    seen = truth.updated(seen, now, missed.paths)
            writer.join()
            left_out = {
                path
                for path in truth.changed(seen, now)
                if not trial.changes.may_pass_over_the_last(path, now)
            }
            made = "\n".join(trial.changes.log[begin:])
            assert not left_out, f"not reported: {sorted(left_out)}, after\n{made}"
            seen = now
    trial.changes.close()


def crowd(folder: Path, mode: str, seed: int) -> None:
    """Let two others change the tree while questions are asked; compare in the end."""
    trial = Trial(folder, mode, seed)
    with watching(trial.root, mode) as monitor:
        answers, before = [monitor.query(None)], truth.look(trial.root)
        writers = [_writer(trial.top, folder / "outside", seed + number) for number in (1, 2)]
        while any(writer.poll() is None for writer in writers):
            if mode == "overflow" and trial.random.random() < 0.05:
                with losing(monitor, trial.root):
                    pass
            answers.append(monitor.query(bytes(answers[-1].token)))
            monitor.tick()
        answers.append(monitor.query(bytes(answers[-1].token)))
        now = truth.look(trial.root)
    for answer in answers[1:]:
        if answer.paths is None and trial._may_be_everything(answer):
            return
        assert answer.paths is not None, f"everything, as {answer.reason}"
    told = {path for answer in answers[1:] for path in answer.paths or ()}
    left_out = truth.missed(before, now, told)
    assert not left_out, f"not reported: {sorted(left_out)}"


@contextmanager
def watching(root: Path, mode: str) -> Iterator[Monitor]:
    """Watch a tree in a mode."""
    how: How = "scan" if mode.endswith("scan") else "events"
    if mode in FEW:
        _LIMIT.write_text(str(FEW[mode]))  # in a user namespace of its own
    make = partial(watcher_for_platform, how=how)
    monitor = Monitor(os.fsencode(root), make, excluded=EXCLUDED, patience=30)
    try:
        monitor.start(patience=30)
        until_built(monitor)
        yield monitor
    finally:
        monitor.stop()


def _writer(tree: Path, outside: Path, seed: int) -> subprocess.Popen[bytes]:
    program = Path(__file__).with_name("writer.py")
    return subprocess.Popen([sys.executable, program, str(tree), str(outside), str(seed), *WITHOUT])


def main() -> int:
    """Try one seed, or new ones for some time; return the exit status."""
    options = _options()
    schedule.PAUSE, schedule.SHARE = 0.0, 0  # as often as it can be
    if sys.platform == "linux":
        inotify.RETRY, inotify.LONGEST_PAUSE = 0.0, 0.02
    if options.plant and sys.platform == "linux":
        from fuzz.planting import plant

        plant(options.plant)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    end, trials, operations = time.monotonic() + options.seconds, 0, 0
    reported = changed = 0
    while not trials or time.monotonic() < end:
        with _place() as folder:
            try:
                crowded = options.crowd or trials % 4 == 3
                if crowded:
                    ask = crowd_of_links if options.mode in LINKS else crowd
                    ask(folder, options.mode, seed)
                else:
                    kind = LinkTrial if options.mode in LINKS else Trial
                    trial = kind(folder, options.mode, seed)
                    trial.run()
                    reported, changed = reported + trial.reported, changed + trial.changed
                    operations += len(trial.changes.log)
            except AssertionError as error:
                print(
                    f"--mode {options.mode} --seed {seed}{' --crowd' * crowded}: {error}",
                    file=sys.stderr,
                )
                return 1
        trials, seed = trials + 1, seed + 1000
    print(f"{trials} trials, {operations} changes: {changed} paths changed, {reported} reported")
    return 0


@contextmanager
def _place() -> Iterator[Path]:
    """Make a folder with a root in it; cookies lie in the git directory, out of the way."""
    with tempfile.TemporaryDirectory(prefix="fsmond-fuzz-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        with telling_of_all(root):
            (root / ".git").mkdir()
            yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=MODES, default="events")
    parser.add_argument("--seed", type=int, help="of the first series; one only, without --seconds")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--crowd", action="store_true", help="always with concurrent writers")
    parser.add_argument("--plant", help="with a defect that has to be found: see planting.py")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
