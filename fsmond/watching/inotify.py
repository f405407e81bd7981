"""Watch a tree on Linux: the kernel's queue is the barrier.

An event is in the queue before the system call that caused it returns.  So whoever reads the
queue until it is empty has seen all that happened before: no file is made and waited for.
"""

import sys

assert sys.platform == "linux"

import errno
import logging
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Collection

from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from fsmond.watching.calls import Queue
from fsmond.watching.contract import Counts, Sink
from fsmond.watching.coverage import Coverage, Steps
from fsmond.watching.events import Intake
from fsmond.watching.gaps import prefixes
from fsmond.watching.limits import no_instance, no_watch
from fsmond.watching.mounts import Mounts
from fsmond.watching.opening import LookError

GATHER = 0.005  # seconds; what arrives within them is taken at once, far from filling the queue
RUSH = 0.001  # seconds; the same while so much arrives that it would keep a query waiting
MANY = 500  # events
SLICE = 0.003  # seconds of work for which the lock is held, while others may wait for it
AHEAD = 0.002  # seconds; in more, the queue could fill meanwhile
BREATH = 0.0002  # seconds in which others get the lock
MOST = 4 << 20  # bytes of events that are read ahead, while what came before is dealt with
RETRY = 1.0  # seconds between two tries to watch what could not be watched
CALM = 10.0  # seconds without an overflow, after which the next is dealt with at once
LONGEST_PAUSE = 5.0  # seconds before the tree is looked at, when one overflow follows the other
QUIET = 0.1  # seconds without an event; then there is no need to wait any longer

_log = logging.getLogger(__name__)


class InotifyEmitter(EventEmitter):
    """A watchdog emitter that reads the queue itself, and reports to a sink.

    Its thread is started by `start`, and joined by `stop`.  watchdog's own emitter for inotify
    loses changes in silence when the queue overflows, and when there are not enough watches.
    """

    def __init__(
        self,
        root: bytes,
        sink: Sink,
        lock: threading.Lock,
        excluded: frozenset[bytes],
        mounts: Mounts,
    ) -> None:
        super().__init__(EventQueue(), ObservedWatch(os.fsdecode(root), recursive=True), timeout=60)
        self.name = "fsmond-watch"
        self._root = root
        self._sink = sink
        self._mounts = mounts
        self._lock = lock  # guards the sink, and everything below
        try:
            self._queue = Queue()
        except OSError as error:
            mounts.close()
            raise no_instance(error) from error
        self._news = select.poll()  # each query asks whether the kernel has told anything
        self._news.register(self._queue, select.POLLIN)
        if mounts.fileno() != -1:
            self._news.register(mounts, select.POLLPRI)
        self._coverage = self._cover(excluded)
        self._intake = Intake(self._coverage, sink, excluded)
        self._unread: deque[bytes] = deque()  # events that were read, and not taken in yet
        self._unread_bytes = 0
        self._job: Steps | None = None  # what was begun, and is to be ended before anything else
        self._surveying: str | None = "sync-timeout"  # why the whole tree is being listed, if it is
        self._failure: OSError | None = None  # what keeps us from looking, once it was logged
        self._is_settled = True
        self._retry_at = 0.0
        self._is_retry_due = False
        self._overflowed_at = -math.inf
        self._pause = 0.0  # seconds from the last overflow to its survey, if it does not get quiet
        self._busy_at = 0.0  # when the last events came, in such a pause
        self._wake, self._waker = os.pipe()
        self._stopping = threading.Lock()  # taken for good by who stops first

    def queue_events(self, timeout: float) -> None:
        """Take what the kernel queued, once it did; called in a loop on our own thread."""
        while self._advance() is not None:
            if self.stopped_event.wait(self._nap()):
                return
        if not self._is_settled:
            self.stopped_event.wait(BREATH)
            return
        poller = select.poll()
        poller.register(self._queue.fileno(), select.POLLIN)
        poller.register(self._wake, select.POLLIN)
        if self._mounts.bell != -1:
            poller.register(self._mounts.bell, select.POLLPRI)
        poller.poll(timeout * 1000)
        self.stopped_event.wait(RUSH if self._intake.latest > MANY else GATHER)

    def _nap(self) -> float:
        """Return for how long others get the lock, between two slices of work."""
        if self._failure is not None:
            return RETRY
        return GATHER if self._surveying == "overflow" else BREATH

    def run(self) -> None:
        """Take events until stopped."""
        try:
            super().run()
        except Exception:  # noqa: BLE001 - it is logged, and whoever asks was told
            _log.exception("the watcher failed")

    def sync(self, deadline: float) -> str | None:
        """See Watcher.sync."""
        while True:
            if not self._lock.acquire(blocking=False) and not self._lock.acquire(
                timeout=max(0.0, deadline - time.monotonic())
            ):
                return self._surveying or "sync-timeout"
            try:
                trouble = self._catch_up_locked(deadline, SLICE)
            finally:
                self._lock.release()
            if trouble is None:
                return None
            now = time.monotonic()
            if now >= deadline or self._is_resting(now):
                return trouble
            time.sleep(BREATH if self._failure is None else GATHER)

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable."""
        found = self._coverage.gaps.unreadable()
        return prefixes(found) if found else []

    @property
    def is_partial(self) -> bool:
        """See Watcher.is_partial."""
        gaps = self._coverage.gaps
        return bool(gaps.has_uncovered or gaps.rewatched or gaps.files)

    @property
    def is_settled(self) -> bool:
        """See Watcher.is_settled."""
        nothing_begun = self._job is None and not self._unread
        return self._surveying is None and nothing_begun and self._coverage.settled

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        gaps = self._coverage.gaps
        return [*prefixes(gaps.uncovered()), *gaps.rewatched]

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        uncovered = self._coverage.gaps.uncovered()
        return prefixes(each for each in uncovered if each[2].errno == errno.EOPNOTSUPP)

    def unsure(self) -> list[bytes]:
        """See Watcher.unsure."""
        return [path[: path.rfind(b"/") + 1] for path in self._coverage.gaps.files]

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return [each.prefix for each in self._coverage.by_descriptor.values()]

    def note_compared(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.note_compared."""
        if self._coverage.settled:  # else what was just begun to be watched may not be yet
            for prefix in prefixes:
                self._coverage.gaps.rewatched.pop(prefix, None)

    def take_departed(self) -> list[bytes]:
        """See Watcher.take_departed."""
        departed = list(self._coverage.gaps.departed)
        self._coverage.gaps.departed.clear()
        return departed

    def counts(self) -> Counts:
        """See Watcher.counts."""
        gaps = self._coverage.gaps
        advice = next(iter(gaps.files.values()), None)
        for _, _, error in gaps.uncovered()[:1]:
            advice = str(no_watch(self._root, error))
        coverage = self._coverage
        return Counts(len(coverage.by_descriptor), self._intake.received, advice, coverage.unlisted)

    def stop(self) -> None:
        """See Watcher.stop."""
        if not self._stopping.acquire(blocking=False):
            return
        super().stop()
        os.write(self._waker, b"!")
        if self.is_alive():
            self.join()
        with self._lock:
            self._job = None  # which may have a directory open
            self._queue.close()
            self._mounts.close()
            os.close(self._wake)
            os.close(self._waker)

    def _cover(self, excluded: frozenset[bytes]) -> Coverage:
        try:
            coverage = Coverage(self._root, self._queue, self._sink, excluded, self._mounts)
        except OSError as error:
            self._queue.close()
            self._mounts.close()
            raise no_watch(self._root, error) from error
        return coverage

    def _advance(self) -> str | None:
        """Do a slice of what is to be done, and say whether that was all, as `sync` does."""
        with self._lock:
            trouble = self._catch_up_locked(math.inf, SLICE)
            self._is_settled = self._sink.settle(time.monotonic() + AHEAD)
            return trouble

    def _catch_up_locked(self, deadline: float, seconds: float) -> str | None:
        """Do what is to be done, for so many seconds and until the deadline, as `sync` does."""
        try:
            news = self._news.poll(0)
            if news:
                self._read_locked(news)
            if self._is_done_locked and not self._surveying:
                trouble = None  # by far the most frequent
            else:
                trouble = self._advance_locked(min(deadline, time.monotonic() + seconds))
            if trouble is None:
                self._sink.caught_up()
            return trouble
        except LookError as error:
            self._sink.gone(str(error))
            return "degraded"
        except Exception as error:
            # Events may be lost that nobody will see again.
            self._sink.gone(f"the watcher failed: {error!r}")
            raise

    @property
    def _is_done_locked(self) -> bool:
        """Say whether nothing is left to do now."""
        coverage = self._coverage
        if self._job is not None or self._unread or not coverage.settled:
            return False
        return not coverage.gaps.has_uncovered or time.monotonic() < self._retry_at

    def _read_locked(self, news: Collection[tuple[int, int]]) -> None:
        for descriptor, _ in news:
            if descriptor == self._mounts.fileno():
                self._coverage.note_mounts()
            elif self._unread_bytes < MOST:
                data = self._queue.take()
                self._unread.append(data)
                self._unread_bytes += len(data)
                if self._surveying:
                    self._busy_at = time.monotonic()

    def _advance_locked(self, deadline: float) -> str | None:
        """Do one job after the other until there is none left, or the deadline is over."""
        if self._coverage.gaps.has_uncovered and time.monotonic() >= self._retry_at:
            self._is_retry_due = True
        while self._job is not None or self._begin_locked():
            assert self._job is not None
            for _ in self._job:
                if time.monotonic() > deadline:
                    return self._surveying or "sync-timeout"
            self._job = None
            self._end_job_locked()
            if self._failure is not None:
                return self._surveying or "sync-timeout"
            if time.monotonic() > deadline and not self._is_done_locked:
                return self._surveying or "sync-timeout"
        if self._is_resting(time.monotonic()):
            return "overflow"
        if self._surveying:
            self._surveying = None
            self._sink.covered()
        return None

    def _begin_locked(self) -> bool:
        """Begin what is to be done next, if anything is."""
        coverage = self._coverage
        if self._unread:
            data = self._unread.popleft()
            self._unread_bytes -= len(data)
            self._job = self._intake.take_in(data)
        elif self._is_retry_due:
            self._is_retry_due = False
            self._retry_at = time.monotonic() + RETRY
            self._job = coverage.retry()
        elif not coverage.settled and not self._is_resting(time.monotonic()):
            self._job = coverage.work()
        return self._job is not None

    def _is_resting(self, now: float) -> bool:
        """Say whether the tree of which events were lost is left alone for a while."""
        until = min(self._overflowed_at + self._pause, self._busy_at + QUIET)
        return self._surveying == "overflow" and now < until

    def _end_job_locked(self) -> None:
        if self._intake.dropped:
            self._intake.dropped = False
            self._overflowed_locked()
        error = self._coverage.shortage
        if error is not None and self._failure is None:
            _log.warning("cannot look into the tree, trying again and again: %s", error)
        self._failure = error

    def _overflowed_locked(self) -> None:
        """Look at the whole tree: the queue was full, and events were lost.

        At once, unless that happens again and again: then it is left alone for a while.
        """
        now = time.monotonic()
        calm = now > self._overflowed_at + self._pause + CALM
        self._pause = 0.0 if calm else min(max(2 * self._pause, 2 * GATHER), LONGEST_PAUSE)
        self._overflowed_at = self._busy_at = now
        if self._surveying is None:
            self._surveying = "overflow"
        self._coverage.survey()
        self._sink.lost("the kernel's queue was full, and events were dropped")
