"""Stop or kill monitors at random, change the tree meanwhile, and ask for tokens from before."""

import os
import random
import shutil
import sys
import time
from pathlib import Path
from typing import NamedTuple

from fuzz.kinds import KindCheck
from support.backends import until_built
from support.trees import truth
from support.trees.helping import SteppedHelper
from support.trees.random_changes import RandomChanges
from support.trees.steps import TIMESTAMP_STEP

from fsmond.index import sharing
from fsmond.journal.token import Token
from fsmond.monitor import sharing as monitor_sharing
from fsmond.monitor.monitor import Monitor
from fsmond.storage.file import HistoryFile
from fsmond.storage.identity import identity_of
from fsmond.watching.choice import watcher_for_platform

ROUNDS = 12  # monitors, one after another
TURNS = 6  # queries of each of them, at most
KEPT = 8  # older tokens that are asked for
EXCLUDED = frozenset({b".git"})


class _Known(NamedTuple):
    """What a client knows: a token, and the tree at that time."""

    token: Token
    tree: truth.Tree


class RestartTrial:
    """One tree whose monitors end, as the mode says: `restart` or `kill`."""

    def __init__(self, folder: Path, mode: str, seed: int, without: tuple[str, ...] = ()) -> None:
        self.root, self._folder = folder / "root", folder
        outside = folder / "outside"
        outside.mkdir()
        self.random = random.Random(seed)
        self._mode = mode
        # Where Wine has no events, a name that comes or goes in the root means "everything".
        self._top = self.root if sys.platform != "win32" else self.root / "top"
        self._top.mkdir(exist_ok=True)
        self.changes = RandomChanges(self._top, outside, self.random, without=without)
        self.changes.grow(12, 25)
        sharing._MIN_DIRECTORIES = monitor_sharing._MIN_UNKNOWN = 2  # these trees are small
        monitor_sharing._PARTS = 5
        time.sleep(TIMESTAMP_STEP)
        self.reported = self.changed = 0
        self.kinds = KindCheck()
        self._known: list[_Known] = []
        self._valid: dict[str, int] = {}  # session → the newest sequence that was stored
        self._linked: set[int] = set()
        self._is_other_tree = False
        self._early: Token | None = None

    def run(self) -> None:
        """Start and end monitors, many times.  Raises AssertionError."""
        for number in range(ROUNDS):
            monitor = self._start()
            try:
                if number == 0:
                    self._ask_early(monitor)
                self.changes.make(self.random.choice([0, 0, 4]))  # while the tree is covered
                self._ask_for_old_tokens(monitor)
                until_built(monitor)
                self._turns(monitor)
                if number == 0 or self.random.random() < 0.5:
                    self._until_stored(monitor)
                self._turns(monitor)
                self._check_watches(monitor)
            finally:
                self._end(monitor)
            if len(truth.snapshot(self.root)) > 1500:
                shutil.rmtree(self._top / "a", ignore_errors=True)
            self.changes.make(self.random.choice([0, 1, 3, 12]))
            if self.random.random() < 0.1:
                self._replace_by_copy()

    def _start(self) -> Monitor:
        root = os.fsencode(self.root)
        monitor = Monitor(root, watcher_for_platform, excluded=EXCLUDED, timeout=30)
        monitor.store_in(HistoryFile(str(self._folder / "store"), identity_of(root, None)))
        if self.random.random() < 0.7:
            monitor.have_helped(SteppedHelper(self.random))
        monitor.start(timeout=self.random.choice([0, 30]))
        return monitor

    def _ask_early(self, monitor: Monitor) -> None:
        """Get a token before the tree is covered, unless it is by now."""
        monitor.is_large = True
        self._early = monitor.query(None).token
        self._know(self._early, self._tree())

    def _end(self, monitor: Monitor) -> None:
        """End it; remember which tokens are stored."""
        store = monitor._store
        assert store is not None
        if self._mode == "kill":
            store.stop(save=False)  # what was written until now is what a kill leaves
            monitor._store = None
        elif self.random.random() < 0.3:  # the index cannot be brought up to date in time
            monitor.index_worker.refresh_finally = _do_nothing  # type: ignore[method-assign]
        monitor.stop()
        if store._saved is not None:
            session, sequence = store._saved
            self._valid[session] = sequence

    def _turns(self, monitor: Monitor) -> None:
        for _ in range(self.random.randint(0, TURNS)):
            begin = len(self.changes.log)
            self.changes.make(self.random.randint(1, 8))
            before = self._known[-1] if self._known else None
            changes, now = monitor.query(bytes(before.token) if before else None), self._tree()
            if before is not None:
                self._check(before, changes.paths, now, begin)
                self._check_kinds(monitor, before, changes.paths, now)
            self._know(changes.token, now)
            if self.random.random() < 0.5:
                monitor.tick()
                monitor.tick()
                time.sleep(self.random.choice([0.0, 0.002, 0.02]))
        if not self._known:
            self._know(monitor.query(None).token, self._tree())

    def _until_stored(self, monitor: Monitor) -> None:
        """Wait until the newest token is stored."""
        store = monitor._store
        assert store is not None
        deadline = time.monotonic() + 30
        token = monitor._journal.token
        while store._saved != token[:2]:
            monitor.tick()
            time.sleep(0.002)
            assert time.monotonic() < deadline, store.status()
            token = monitor._journal.token

    def _ask_for_old_tokens(self, monitor: Monitor) -> None:
        if self._is_other_tree:
            for known in self._known:
                paths = monitor.query(bytes(known.token)).paths
                assert paths is None, "not reported: that the tree is another one"
            self._known.clear()
            self._is_other_tree = False
        for known in list(self._known):
            changes, now = monitor.query(bytes(known.token)), self._tree()
            if changes.paths is not None:
                self._check(known, changes.paths, now, len(self.changes.log) - 60)
                self._check_kinds(monitor, known, changes.paths, now)
                continue
            # A name that vanished from the root meanwhile is unknown.
            is_early = known.token == self._early and changes.reason == "sync-timeout"
            assert is_early or changes.reason == "restart", changes.reason
            assert not self._is_stored(known.token), f"not reported: what changed since {known[0]}"
            self._known.remove(known)
        self._know(monitor.query(None).token, self._tree())

    def _is_stored(self, token: Token) -> bool:
        """Return whether a token is no newer than what was stored of its session."""
        return token.sequence <= self._valid.get(token.session, -1)

    def _check(self, known: _Known, paths: list[bytes] | None, now: truth.Tree, begin: int) -> None:
        if paths is None:
            return
        self._linked.update(self.changes.linked.values())
        made = "\n".join(self.changes.log[max(begin, 0) :])
        missed = truth.unreported(known.tree, now, paths)
        missed = {each for each in missed if not (each in now and now[each][1] in self._linked)}
        assert not missed, f"not reported: {sorted(missed)}, after {known.token} and\n{made}"
        assert len(set(paths)) == len(paths), paths
        assert b"" not in paths
        self.reported += len(paths)
        self.changed += len(truth.changed(known.tree, now))

    def _check_kinds(
        self, monitor: Monitor, known: _Known, paths: list[bytes] | None, now: truth.Tree
    ) -> None:
        self.kinds.check(monitor.kinds(paths or (), bytes(known.token)), known.tree, now)

    def _check_watches(self, monitor: Monitor) -> None:
        """Check that directories which are new since the last monitor are watched as well."""
        monitor.query(None)
        directories = sum(path.endswith(b"/") for path in self._tree()) + 1
        if sys.platform == "linux":
            watched = monitor.watcher.counts().directories
            assert watched == directories, f"not reported: {directories - watched} directories"

    def _know(self, token: Token, tree: truth.Tree) -> None:
        self._known.append(_Known(token, tree))
        if len(self._known) > KEPT:
            del self._known[self.random.randrange(len(self._known) - 1)]

    def _replace_by_copy(self) -> None:
        """Put a copy of the tree in its place, with all times as they were."""
        copy = self._folder / "copy"
        shutil.copytree(self.root, copy, symlinks=True, ignore_dangling_symlinks=True)
        self.root.rename(self._folder / f"old-{self.random.randrange(10**9)}")
        copy.rename(self.root)
        self._is_other_tree = True
        time.sleep(TIMESTAMP_STEP)

    def _tree(self) -> truth.Tree:
        return truth.snapshot(self.root)


def _do_nothing(timeout: float) -> None:
    """Stand in for `refresh_finally`."""
