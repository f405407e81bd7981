"""Compare answers from imitated native events with the tree, over random changes."""

import os
import random
import sys
import time
from pathlib import Path

import pytest
from fuzz.differential import ROUNDS, WITHOUT, Trial
from fuzz.imitation import MODES, ImitatedChanges, Imitation, reporting
from fuzz.imitation import WITHOUT as NOT_IMITATED
from fuzz.watched import EXCLUDED
from support.backends import until_built
from support.trees import truth

from fsmond.monitor import index_worker
from fsmond.monitor.monitor import Changes, Monitor
from fsmond.watching.native.watcher import NativeWatcher

SECONDS = float(os.environ.get("FSMOND_FUZZ_SECONDS", "1"))  # for each mode


class ImitatedTrial(Trial):
    """Queries and compares, with events reported by the code that makes the changes."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        super().__init__(folder, "events", seed)
        self.source = Imitation(os.fsencode(self.root), mode, random.Random(seed))
        # On Windows a change in a directory is reported for the directory too; it has no modes.
        modes = ("mode_of_directory",) if mode == "like-windows" else ()
        without = (*WITHOUT, *NOT_IMITATED, *modes)
        self.changes = ImitatedChanges(self.root, folder / "outside", self.random, without=without)
        self.changes.source = self.source

    def run(self) -> None:
        """Change, query and compare, many times.  Raises AssertionError."""
        monitor = Monitor(
            os.fsencode(self.root),
            lambda root, sink, lock, excluded: NativeWatcher(
                root, sink, lock, excluded, lambda _: self.source
            ),
            excluded=EXCLUDED,
            timeout=30,
        )
        with reporting(self.source):
            try:
                monitor.start(timeout=30)
                until_built(monitor)
                self._ask(monitor)
                self._check_watches(monitor, truth.snapshot(self.root))
            finally:
                monitor.stop()

    def _may_be_everything(self, changes: Changes) -> bool:
        return changes.reason == "overflow"  # names in the root may have changed

    def _ask(self, monitor: Monitor) -> None:
        token, before = monitor.query(None).token, truth.snapshot(self.root)
        for _ in range(ROUNDS):
            begin = len(self.changes.log)
            self.source.held = self.random.random() < 0.5
            self.source.losing = self.random.random() < 0.1
            self._change(monitor)
            if self.source.losing:
                self.source.losing = False
                self.source.report_loss()
            changes, now = monitor.query(bytes(token)), truth.snapshot(self.root)
            self._compare(changes, before, now, begin)
            token, before = changes.token, now
            self._rest(monitor)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has the real events")
@pytest.mark.parametrize("mode", MODES)
def test_no_change_is_missed(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the events arrive, and however many are merged into one."""
    monkeypatch.setattr(index_worker, "MIN_PAUSE", 0.0)
    monkeypatch.setattr(index_worker, "PAUSE_FACTOR", 0)
    seed = random.SystemRandom().randrange(10**9)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        (tmp_path / str(seed) / "root" / ".git").mkdir(parents=True)
        try:
            ImitatedTrial(tmp_path / str(seed), mode, seed).run()
        except AssertionError as error:
            pytest.fail(f"seed {seed}: {error}")
        seed += 1
