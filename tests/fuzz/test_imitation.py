"""What native events mean, held against the tree, over random changes of every kind."""

import os
import random
import sys
import time
from pathlib import Path

import pytest
import truth
from backends import until_built
from fuzz.differential import EXCLUDED, ROUNDS, WITHOUT, Trial
from fuzz.imitation import MODES, ImitatedChanges, Imitation, telling
from fuzz.imitation import WITHOUT as NOT_IMITATED

from fsmond.daemon import schedule
from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.watching.native import NativeWatcher

SECONDS = float(os.environ.get("FSMOND_FUZZ_SECONDS", "3"))  # for each mode


class ImitatedTrial(Trial):
    """Asks, and compares, with events that are told by the one who makes the changes."""

    def __init__(self, folder: Path, mode: str, seed: int) -> None:
        super().__init__(folder, "events", seed)
        self.source = Imitation(os.fsencode(self.root), mode, random.Random(seed))
        # Windows tells of a directory that something in it changed, and there are no modes there.
        modes = ("mode_of_directory",) if mode == "like-windows" else ()
        without = (*WITHOUT, *NOT_IMITATED, *modes)
        self.changes = ImitatedChanges(self.root, folder / "outside", self.random, without=without)
        self.changes.source = self.source

    def run(self) -> None:
        """Make changes, ask, and compare, time and again.  Raises AssertionError."""
        monitor = Monitor(
            os.fsencode(self.root),
            lambda root, sink, lock, excluded: NativeWatcher(
                root, sink, lock, excluded, lambda _: self.source
            ),
            excluded=EXCLUDED,
            patience=30,
        )
        with telling(self.source):
            try:
                monitor.start(patience=30)
                until_built(monitor)
                self._ask(monitor)
                self._look_at_the_watches(monitor, truth.look(self.root))
            finally:
                monitor.stop()

    def _may_be_everything(self, missed: Missed) -> bool:
        return missed.reason == "overflow"  # names may have come to the root, or gone

    def _ask(self, monitor: Monitor) -> None:
        token, before = monitor.query(None).token, truth.look(self.root)
        for _ in range(ROUNDS):
            begin = len(self.changes.log)
            self.source.held = self.random.random() < 0.5
            self.source.losing = self.random.random() < 0.1
            self._change(monitor)
            if self.source.losing:
                self.source.losing = False
                self.source.lose()
            missed, now = monitor.query(bytes(token)), truth.look(self.root)
            self._compare(missed, before, now, begin)
            token, before = missed.token, now
            self._rest(monitor)


@pytest.mark.skipif(sys.platform == "win32", reason="it has the real events")
@pytest.mark.parametrize("mode", MODES)
def test_no_change_is_missed(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the events come, and however many are told as one."""
    monkeypatch.setattr(schedule, "PAUSE", 0.0)
    monkeypatch.setattr(schedule, "SHARE", 0)
    seed = random.SystemRandom().randrange(10**9)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        (tmp_path / str(seed) / "root" / ".git").mkdir(parents=True)
        try:
            ImitatedTrial(tmp_path / str(seed), mode, seed).run()
        except AssertionError as error:
            pytest.fail(f"seed {seed}: {error}")
        seed += 1
