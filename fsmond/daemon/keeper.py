"""Decide when the tree is compared with the index, and have queries wait for it."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from fsmond.daemon.reconciler import EndedError, Reconciler, TooOldError
from fsmond.daemon.rounds import Rounds
from fsmond.daemon.schedule import Schedule
from fsmond.daemon.verdict import Verdict
from fsmond.journal.history import Journal
from fsmond.printable import message_of
from fsmond.watching.contract import Watcher

_RETRY = 0.2  # seconds between two looks at a tree that can't be looked at
_MOST_DOUBTS = 10_000  # directories that are compared each by itself
_LEAVE = 2.0  # seconds; a thread that is held up for longer is left to the end of the process
_BUSY = 0.1  # seconds for which the lock is waited for where it is not urgent

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """Who has the journal; called with the lock held."""

    def begin_session(self, reason: str) -> None:
        """Begin a new session: the tokens until now mean nothing any more, for that reason."""

    def gone(self, detail: str) -> None:
        """Take notice that nothing can be told any longer."""

    def lost(self, detail: str) -> None:
        """See Sink."""

    def covered(self) -> None:
        """See Sink."""


class Keeper:
    """Has one thread, `fsmond-index`, started by `start`, joined by `stop`; it has the index."""

    def __init__(
        self,
        reconciler: Reconciler,
        journal: Journal,
        watcher: Watcher,
        lock: threading.Lock,
        owner: Owner,
    ) -> None:
        self.covered = False
        """Whether the watcher tells of all changes."""
        self.built = False
        """Whether the index was made."""
        self.recovering = False
        """Whether changes are not told yet, as events were lost."""
        self.early_tokens = False
        """Whether tokens are given before it is known what there is; set before they are."""
        self._journal = journal
        self._watcher = watcher
        self._owner = owner
        # Guards all that is changed here, but what is said to be for any thread, and the journal.
        self._lock = lock
        self._condition = threading.Condition(lock)
        self.reconciler = reconciler
        self._covered_from = 0  # the sequence of the journal
        self._doubted = 0  # how often anything was
        self._comparisons = Rounds()
        self._verifications = Rounds()
        self._verdict = Verdict([], 0, 0.0)
        self._schedule = Schedule()
        self._refresh_is_due = False
        self._is_in_trouble = False  # of the thread's own: whether that was logged
        self._thread = threading.Thread(target=self._run, name="fsmond-index", daemon=True)

    @property
    def scanned(self) -> int:
        """The number of directories that are compared for each query."""
        return self.reconciler.scanned if self._watcher.is_partial else 0

    @property
    def state(self) -> str:
        """What goes on: `covering`, `indexing`, `recovering` or `ready`."""
        if self.recovering:
            return "recovering"
        if not self.covered:
            return "covering"
        return "ready" if self.built else "indexing"

    def start(self) -> None:
        """Begin to make the index, as soon as the tree is covered."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and join it unless a file system holds it up.  Harmless when repeated."""
        self.reconciler.stop()
        with self._condition:
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(_LEAVE)

    def note_covered(self) -> None:
        """Take notice that changes are told from now on; the lock is held."""
        self.covered = True
        if not self.built:
            self._journal.record(())  # tokens from before are told by their sequence
            self._covered_from = self._journal.token.sequence
        self._condition.notify_all()

    def note_lost(self) -> None:
        """Take notice that events are lost until the tree is covered again; the lock is held."""
        self.reconciler.losses += 1
        self.covered = False
        if self.built:
            self.recovering = True
        else:
            self._owner.begin_session("overflow")

    def note_doubt(self, prefix: bytes) -> None:
        """Take notice that a directory is to be compared before the next answer; the lock is held.

        What is below it is not meant.
        """
        doubts = self.reconciler.doubts
        self._doubted += 1
        doubts[prefix] = self._doubted
        if len(doubts) > _MOST_DOUBTS:
            doubts.clear()
            self._owner.lost("more changes than are remembered were told by names that went")
            self._owner.covered()

    @property
    def has_doubts(self) -> bool:
        """Say whether anything is to be compared before the next answer; any thread."""
        return bool(self.reconciler.doubts)

    @property
    def must_compare(self) -> bool:
        """Say whether each answer needs a comparison of something, or this one does; any thread."""
        return self._watcher.is_partial or bool(self.reconciler.doubts)

    def must_wait(self, sequence: int) -> bool:
        """Say whether what changed after `sequence` is known only after a comparison."""
        if self.has_doubts:
            return True
        if self.built and not self.recovering:
            return self._watcher.is_partial
        return self._watcher.is_partial or self.recovering or sequence < self._covered_from

    def catch_up(self, deadline: float) -> str | None:
        """Wait for a comparison that begins now; return why that was in vain, if it was."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return "sync-timeout"
        try:
            if self._wait_locked(self._comparisons, deadline):
                return None
            return "overflow" if self.recovering else "sync-timeout"
        finally:
            self._lock.release()

    def verify(self, deadline: float) -> Verdict | None:
        """Compare all of the tree; None if that is not done by `deadline`."""
        with self._lock:
            return self._verdict if self._wait_locked(self._verifications, deadline) else None

    def want_verification(self) -> None:
        """Have the tree compared soon, and what is found logged; the lock is held."""
        self._verifications.ask()
        self._condition.notify_all()

    def tick(self, queries: int) -> None:
        """Have the index brought up to date if it is time, and nobody is busy asking."""
        behind = self.built and self.reconciler.is_behind
        busy = self._journal.token.sequence + queries
        due = self._schedule.is_due(time.monotonic(), busy, behind=behind)
        if due and self._lock.acquire(timeout=_BUSY):
            self._refresh_is_due = True
            self._condition.notify_all()
            self._lock.release()

    def _wait_locked(self, rounds: Rounds, deadline: float) -> bool:
        """Wait for a round that begins now; say whether it was done."""
        ticket = rounds.ask()
        self._condition.notify_all()
        timeout = max(0.0, deadline - time.monotonic())
        self._condition.wait_for(lambda: self.reconciler.ended or rounds.is_served(ticket), timeout)
        return rounds.is_served(ticket)

    def _run(self) -> None:
        try:
            while task := self._next():
                self._attempt(task)
        except EndedError:
            pass
        except Exception as error:  # noqa: BLE001 - it is logged, and whoever asks is told
            _log.exception("the index failed")
            self._owner.gone(f"the index failed: {error!r}")

    def _next(self) -> Callable[[], object] | None:
        with self._condition:
            self._condition.wait_for(lambda: self.reconciler.ended or self._task_locked())
            task = self._task_locked()
            return partial(task, self.reconciler.losses) if task else None

    def _task_locked(self) -> Callable[[int], object] | None:
        if not self.covered or self.reconciler.ended:
            return None
        if not self.built:
            return self._build
        if self.recovering:
            return self._recover
        if self._comparisons.is_wanted:
            return self._compare
        if self._verifications.is_wanted:
            return self._verify
        return self._refresh if self._refresh_is_due else None

    def _attempt(self, task: Callable[[], object]) -> None:
        try:
            task()
            self._is_in_trouble = False
        except OSError as error:
            if not self._is_in_trouble:
                what = message_of(error)
                _log.warning("cannot look at the tree, trying again and again: %s", what)
            self._is_in_trouble = True
            with self._condition:
                self._condition.wait_for(lambda: self.reconciler.ended, _RETRY)

    def _build(self, losses: int) -> None:
        round_ = self._comparisons.begin()
        seen = self.reconciler.build(losses)
        if seen is None:
            return  # events were lost meanwhile: once more
        with self._condition:
            self.built = True
            if self.early_tokens:
                changed = None if self._watcher.is_partial else seen.changed()
                if changed is None:
                    self._owner.begin_session("sync-timeout")
                else:
                    self._journal.record(changed)
            self.early_tokens = False
            # A change may be in a record already, and be told by no name that is there.
            for prefix in self.reconciler.doubts:
                self._journal.record(self.reconciler.names_in(prefix))
            self._end_locked(self._comparisons, round_)

    def _recover(self, losses: int) -> None:
        round_ = self._comparisons.begin()
        try:
            recovered = self.reconciler.recover(losses)
        except TooOldError:
            with self._lock:
                self.built = self.recovering = False
                self._owner.begin_session("overflow")
            return
        with self._condition:
            if recovered:
                self.recovering = False
                self._end_locked(self._comparisons, round_)

    def _compare(self, losses: int) -> None:
        with self._lock:
            round_, doubts = self._comparisons.begin(), dict(self.reconciler.doubts)
        try:
            self.reconciler.compare_unwatched(losses)
        except OSError:
            with self._lock:
                # What is watched anew counts as compared by now, and was not.
                self.recovering = b"" not in self._watcher.unwatched()
            raise
        with self._condition:
            for prefix, number in doubts.items():
                if self.reconciler.doubts.get(prefix) == number:
                    del self.reconciler.doubts[prefix]
            self._end_locked(self._comparisons, round_)

    def _verify(self, losses: int) -> None:
        round_, began = self._verifications.begin(), time.monotonic()
        found = self.reconciler.verify(losses)
        verdict = Verdict(found, self.reconciler.directories, time.monotonic() - began)
        verdict.log()
        with self._condition:
            self._verdict = verdict
            self._end_locked(self._verifications, round_)

    def _refresh(self, losses: int) -> None:
        began, self._refresh_is_due = time.monotonic(), False
        self.reconciler.refresh(losses)
        self._schedule.done(began, time.monotonic())

    def _end_locked(self, rounds: Rounds, begun: int) -> None:
        if self._watcher.is_settled:
            self._journal.settle()
        rounds.end(begun)
        self._condition.notify_all()
