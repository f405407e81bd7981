"""The thread that compares the tree with the index; queries wait here for a comparison."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from fsmond.monitor.coalesced_runs import CoalescedRuns
from fsmond.monitor.history_store import HistoryStore
from fsmond.monitor.reconciler import OVERFLOW, RESTART, Reconciler, TooOldError
from fsmond.monitor.tree_state import StoppedError, TreeState
from fsmond.monitor.verification import SETTLE, VerificationResult
from fsmond.printable import message_of

MIN_PAUSE = 1.0  # seconds at least between two refreshes of the index
PAUSE_FACTOR = 20  # the pause in durations of the last refresh: a twentieth of a processor
MAX_DELAY = 10.0  # seconds after which a refresh is due even if changes do not end
_RETRY_INTERVAL = 0.2  # seconds between two attempts to read a tree that cannot be read
_MAX_RECHECKS = 10_000  # directories to recheck; if there are more, the whole tree is compared
_JOIN_TIMEOUT = 2.0  # seconds; a thread that is blocked for longer ends with the process
_LOCK_TIMEOUT = 0.1  # seconds to wait for the lock where it is not urgent

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """What the worker reports to; called with the lock held, except `gone`."""

    def begin_session(self, reason: str) -> None:
        """Begin a new session: older tokens become invalid, for that reason."""

    def gone(self, detail: str) -> None:
        """Note that nothing can be reported any longer; with the lock held or not."""

    def lost(self, detail: str) -> None:
        """See Sink."""

    def covered(self) -> None:
        """See Sink."""


class IndexWorker:
    """Has one thread, `fsmond-index`, started by `start` and joined by `stop`."""

    def __init__(self, tree: TreeState, owner: Owner) -> None:
        self.covered = False
        """Whether the watcher reports all changes, and a stored history is loaded."""
        self.is_loading = False
        """Whether a stored history may still be loaded."""
        self.built = False
        """Whether the index is built."""
        self.recovering = False
        """Whether changes are not reported yet, as events were lost."""
        self._tree = tree
        self._journal = tree.journal
        self._watcher = tree.watcher
        self._owner = owner
        self._lock = tree.lock  # guards all that changes here, unless noted
        self._condition = threading.Condition(tree.lock)
        self.reconciler = Reconciler(tree)
        self._store: HistoryStore | None = None
        self._is_watched = False  # whether the watcher reports all changes
        self._why = OVERFLOW  # why it is `recovering`
        self._covered_from = 0  # the sequence from which the watcher reports all changes
        self._recheck_number = 0  # how often a directory was added to those to recheck
        self._comparisons = CoalescedRuns()
        self._verifications = CoalescedRuns()
        self._refreshes = CoalescedRuns()  # completed even if events were lost meanwhile
        self._result = VerificationResult([], 0, 0.0)
        self._schedule = Schedule()  # used without the lock: a race only shifts a refresh
        self._refresh_is_due = False  # cleared without the lock: a race only shifts a refresh
        self._is_in_trouble = False  # used by the thread alone: whether a failure was logged
        self._thread = threading.Thread(target=self._run, name="fsmond-index", daemon=True)

    @property
    def scanned(self) -> int:
        """The number of directories that are compared for each query."""
        return self.reconciler.scanned if self._watcher.is_partial else 0

    @property
    def state(self) -> str:
        """The current phase: `covering`, `indexing`, `recovering` or `ready`."""
        if self.recovering:
            return "recovering"
        if not self.covered:
            return "covering"
        return "ready" if self.built else "indexing"

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called; any thread."""
        return self._tree.is_stopping

    def start(self, store: HistoryStore | None) -> None:
        """Begin to build the index, or to load it, and to compare once the tree is covered."""
        self._store = store
        self.is_loading = store is not None
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and join it unless a file system blocks it.  Harmless when repeated."""
        self._tree.is_stopping = True
        self.reconciler.stop()
        with self._condition:
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(_JOIN_TIMEOUT)

    def note_covered(self) -> None:
        """Record that changes are reported from now on; the lock is held."""
        self._is_watched = True
        if self.is_loading:
            return  # it is called again
        self.covered = True
        if not self.built:
            self._journal.record(())  # so that older tokens have a lower sequence
            self._covered_from = self._journal.token.sequence
        self._condition.notify_all()

    def note_lost(self) -> None:
        """Record that events are lost until the tree is covered again; the lock is held."""
        self._tree.losses += 1
        self.covered = self._is_watched = False
        self._why = OVERFLOW
        if self.built:
            self.recovering = True
        else:
            self._owner.begin_session("overflow")

    def note_recheck(self, prefix: bytes) -> None:
        """Have a directory, but not what is below it, compared before the next answer.

        The lock is held.
        """
        to_recheck = self._tree.to_recheck
        self._recheck_number += 1
        to_recheck[prefix] = self._recheck_number
        if len(to_recheck) > _MAX_RECHECKS:
            to_recheck.clear()
            self._owner.lost("too many directories to recheck one by one")
            self._owner.covered()

    @property
    def must_compare(self) -> bool:
        """Whether the next answer needs a comparison of anything; any thread."""
        return self._watcher.is_partial or bool(self._tree.to_recheck)

    def must_wait(self, sequence: int) -> bool:
        """Return whether changes after `sequence` are known only after a comparison."""
        if self._tree.to_recheck:
            return True
        if self.built and not self.recovering:
            return self._watcher.is_partial
        return self._watcher.is_partial or self.recovering or sequence < self._covered_from

    def catch_up(self, deadline: float) -> str | None:
        """Wait for a comparison that begins from now on; return why it failed, if it did."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return "sync-timeout"
        try:
            if self._wait_locked(self._comparisons, deadline):
                return None
            return "overflow" if self.recovering else "sync-timeout"
        finally:
            self._lock.release()

    def wait_for_load(self, deadline: float) -> None:
        """Wait until a stored history is loaded, if there is one."""
        self._wait_until(lambda: not self.is_loading, deadline)

    def wait_until_built(self, deadline: float) -> None:
        """Wait until the index is built."""
        self._wait_until(lambda: self.built, deadline)

    def _wait_until(self, is_done: Callable[[], bool], deadline: float) -> None:
        if self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            timeout = max(0.0, deadline - time.monotonic())
            self._condition.wait_for(lambda: self.is_stopping or is_done(), timeout)
            self._lock.release()

    def refresh_finally(self, timeout: float) -> None:
        """Bring the index up to date before the end, in so many seconds, so that it is stored."""
        if not (self.built and self.covered and self.reconciler.is_behind) or self.recovering:
            return
        time.sleep(SETTLE)  # so that what changed just now gets a time that is not racy
        with self._lock:
            self._refresh_is_due = True
            self._wait_locked(self._refreshes, time.monotonic() + timeout)

    def verify(self, deadline: float) -> VerificationResult | None:
        """Compare the whole tree; return None if that is not done by `deadline`."""
        with self._lock:
            return self._result if self._wait_locked(self._verifications, deadline) else None

    def want_verification(self) -> None:
        """Have the whole tree compared soon, and differences logged; the lock is held."""
        self._verifications.request()
        self._condition.notify_all()

    def tick(self, queries: int) -> None:
        """Have the index refreshed if that is due; not while there are many queries or changes."""
        behind = self.built and self.reconciler.is_behind
        activity = self._journal.token.sequence + queries
        due = self._schedule.is_due(time.monotonic(), activity, behind=behind)
        if due and self._lock.acquire(timeout=_LOCK_TIMEOUT):
            self._refresh_is_due = True
            self._condition.notify_all()
            self._lock.release()

    def _wait_locked(self, runs: CoalescedRuns, deadline: float) -> bool:
        """Wait for a run that begins from now on; return whether it was completed."""
        ticket = runs.request()
        self._condition.notify_all()
        timeout = max(0.0, deadline - time.monotonic())
        self._condition.wait_for(lambda: self.is_stopping or runs.is_done(ticket), timeout)
        return runs.is_done(ticket)

    def _run(self) -> None:
        try:
            self._load()
            while task := self._next():
                self._attempt(task)
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001 - it is logged, and reported to the owner
            _log.exception("the index failed")
            self._owner.gone(f"the index failed: {error!r}")

    def _load(self) -> None:
        """Load the stored history, if there is one that can be used."""
        if self._store is None:
            return
        found = self._store.load()
        if found is not None:
            summary, indexed, stored = found
            try:
                self.reconciler.restore(indexed, stored.records)
                with self._lock:
                    self._journal.restore(summary, stored.sequences, stored.lifetimes)
                    self.built = self.recovering = True
                    self._why = OVERFLOW if self._tree.losses else RESTART
            except ValueError:
                self._store.refuse("the clock was set back since it was written")
            except OSError as error:
                self._store.refuse(message_of(error))
        with self._condition:
            self.is_loading = False
            if self._is_watched:
                self._owner.covered()
            self._condition.notify_all()
        self._store.start()

    def _next(self) -> Callable[[], object] | None:
        with self._condition:
            self._condition.wait_for(lambda: self.is_stopping or self._task_locked())
            task = self._task_locked()
            return partial(task, self._tree.losses) if task else None

    def _task_locked(self) -> Callable[[int], object] | None:
        if not self.covered or self.is_stopping:
            return None
        if not self.built:
            return self._build
        if self.recovering:
            return self._recover
        if self._comparisons.is_requested:
            return self._compare
        if self._verifications.is_requested:
            return self._verify
        return self._refresh if self._refresh_is_due else None

    def _attempt(self, task: Callable[[], object]) -> None:
        try:
            task()
            self._is_in_trouble = False
        except OSError as error:
            if not self._is_in_trouble:
                _log.warning("cannot read the tree, will retry: %s", message_of(error))
            self._is_in_trouble = True
            with self._condition:
                self._condition.wait_for(lambda: self.is_stopping, _RETRY_INTERVAL)

    def _build(self, losses: int) -> None:
        run = self._comparisons.begin()
        early = self.reconciler.build(losses)
        if early is None:
            return  # events were lost meanwhile: it is built again
        with self._condition:
            self.built = True
            if self._tree.has_early_tokens:
                changed = None if self._watcher.is_partial else early.changed()
                if changed is None:
                    self._owner.begin_session("sync-timeout")
                else:
                    self._journal.record(changed)
            self._tree.has_early_tokens = False
            # A record may have the change already, and the event may carry a name that is gone.
            for prefix in self._tree.to_recheck:
                self._journal.record(self._tree.index.paths_in(prefix))
            self._end_locked(self._comparisons, run)

    def _recover(self, losses: int) -> None:
        run = self._comparisons.begin()
        try:
            recovered = self.reconciler.recover(losses, self._why)
        except TooOldError:
            with self._lock:
                self.built = self.recovering = False
                self._owner.begin_session(self._why)
            return
        with self._condition:
            if recovered:
                self.recovering, self._why = False, OVERFLOW
                self._tree.has_early_tokens = False
                self._end_locked(self._comparisons, run)

    def _compare(self, losses: int) -> None:
        with self._lock:
            run, rechecked = self._comparisons.begin(), dict(self._tree.to_recheck)
        try:
            self.reconciler.compare_unwatched(losses)
        except OSError:
            with self._lock:
                # Newly watched directories count as compared by now, though they were not.
                self.recovering = b"" not in self._watcher.unwatched()
            raise
        with self._condition:
            for prefix, number in rechecked.items():
                if self._tree.to_recheck.get(prefix) == number:
                    del self._tree.to_recheck[prefix]
            self._end_locked(self._comparisons, run)

    def _verify(self, losses: int) -> None:
        run, began = self._verifications.begin(), time.monotonic()
        found = self.reconciler.verify(losses)
        result = VerificationResult(found, self.reconciler.directories, time.monotonic() - began)
        result.log()
        with self._condition:
            self._result = result
            self._end_locked(self._verifications, run)

    def _refresh(self, losses: int) -> None:
        began, self._refresh_is_due = time.monotonic(), False
        run = self._refreshes.begin()
        self.reconciler.refresh(losses)
        self._schedule.done(began, time.monotonic())
        with self._condition:
            self._refreshes.end(run)
            self._condition.notify_all()

    def _end_locked(self, runs: CoalescedRuns, begun: int) -> None:
        if self._watcher.is_settled:
            self._journal.settle()
        runs.end(begun)
        self._condition.notify_all()


class Schedule:
    """Decides when the index is refreshed: when nothing happens, and not too often.

    It has no clock: all times are arguments, in seconds of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._behind_since: float | None = None
        self._activity = 0
        self._not_before = 0.0

    def is_due(self, now: float, activity: int, *, behind: bool) -> bool:
        """Return whether to refresh now; `activity` grows with each change and each query."""
        quiet, self._activity = activity == self._activity, activity
        if not behind:
            self._behind_since = None
            return False
        if self._behind_since is None:
            self._behind_since = now
        return now >= self._not_before and (quiet or now > self._behind_since + MAX_DELAY)

    def done(self, began: float, now: float) -> None:
        """Record that a refresh began and ended at these times."""
        self._not_before = now + max(MIN_PAUSE, PAUSE_FACTOR * (now - began))
        self._behind_since = None
