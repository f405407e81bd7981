"""Watch a tree on Linux: reading the kernel's queue is the barrier.

An event is in the queue before the system call that caused it returns.  So reading the queue until
it is empty yields all earlier changes: no cookie file is needed.
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
from collections.abc import Callable, Collection, Iterable, Mapping

from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from fsmond.watching.contract import Counts, Known, Sink
from fsmond.watching.inotify.calls import Queue
from fsmond.watching.inotify.coverage import Coverage, Steps
from fsmond.watching.inotify.events import EventHandler
from fsmond.watching.inotify.gaps import prefixes
from fsmond.watching.inotify.listing_process import ListingProcess
from fsmond.watching.inotify.mounts import Mounts
from fsmond.watching.inotify.opening import TreeLostError
from fsmond.watching.inotify.source import Source
from fsmond.watching.limits import WatchError

DEBOUNCE = 0.005  # seconds in which events gather before a read, far from filling the queue
BUSY_DEBOUNCE = 0.001  # seconds; while so many events arrive that a query would have to wait
BUSY_RATE = 100_000  # events a second
SLICE = 0.003  # seconds of work with the lock held, while others may wait for it
PREPARE_SLICE = 0.002  # seconds; in more, the queue could fill up
LOCK_GAP = 0.0002  # seconds between slices, so that others get the lock
MAX_UNREAD = 4 << 20  # bytes of events to read ahead, while earlier ones are handled
RETRY_INTERVAL = 1.0  # seconds between two attempts to watch what could not be watched
CALM = 10.0  # seconds without an overflow, after which the next one is handled at once
MAX_BACKOFF = 5.0  # seconds before the rescan when overflows follow each other
QUIET = 0.1  # seconds without an event, which end a back-off
_PIPE = 4096  # bytes that are read of those that woke the thread

_log = logging.getLogger(__name__)


class InotifyEmitter(EventEmitter):
    """A watchdog emitter that reads the queue itself, and reports to a sink.

    `start` starts its thread, `stop` joins it.  watchdog's own emitter for inotify loses changes
    silently when the queue overflows, and when there are not enough watches.
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
        self.is_awaited = False
        """See Watcher.is_awaited."""
        self._gathered = DEBOUNCE  # seconds in which the last events gathered; the thread's
        self._read_at = 0.0  # when events were last read, while they are awaited; the thread's
        self._root = root
        self._excluded = excluded
        self._sink = sink
        self._mounts = mounts
        self._lock = lock  # guards the sink, and everything below; flags are also read without it
        try:
            self._queue = self.open_source()
        except WatchError:
            mounts.close()
            raise
        self._readiness = select.poll()  # polled by each query
        self._registered = 0  # how many of the queue's descriptors are registered
        if mounts.fileno() != -1:
            self._readiness.register(mounts, select.POLLPRI)
        self._coverage = self._make_coverage(excluded)
        self._handler = EventHandler(self._coverage, sink, excluded)
        self._unread: deque[bytes] = deque()  # events that were read, and have yet to be handled
        self._unread_bytes = 0
        self._job: Steps | None = None  # what was started, and must end before anything else
        self._scan_reason: str | None = "sync-timeout"  # why the whole tree is being listed, if so
        self._failure: OSError | None = None  # what keeps us from listing, once it was logged
        self._is_prepared = True  # whether `Sink.prepare` has nothing left to do
        self._retry_at = 0.0
        self._is_retry_due = False
        self._overflowed_at = -math.inf
        self._backoff = 0.0  # seconds from an overflow to its rescan, unless events pause
        self._last_event_at = 0.0  # when events were last read during a scan
        self._wake, self._waker = os.pipe()
        self._register_sources()
        self._stopping = threading.Lock()  # taken for good by the first `stop`

    def open_source(self) -> Source:
        """Return the kernel's queue; raise WatchError if there cannot be one."""
        return Queue()

    def share_listings(self) -> None:
        """Have a fork of this process help to cover the tree, if the source of events allows that.

        To be called before `start`, and only in a process with one thread.  Raise OSError.
        """
        base, queue = self._root.rstrip(b"/") + b"/", self._queue.shareable
        if queue is not None:
            process = ListingProcess(base, queue, self._excluded, self._mounts)
            self._coverage.shared.use(process)

    def queue_events(self, timeout: float) -> None:
        """Wait for events and handle them; called in a loop on our own thread."""
        while self._advance() is not None:
            if self.stopped_event.wait(self._gap_between_slices()):
                return
        self._coverage.shared.reap()
        if not self._is_prepared:
            self.stopped_event.wait(LOCK_GAP)
            return
        poller = select.poll()
        for each in (*self._queue.filenos, self._wake):
            poller.register(each, select.POLLIN)
        if self._mounts.wait_fileno != -1:
            poller.register(self._mounts.wait_fileno, select.POLLPRI)
        if (self._wake, select.POLLIN) in poller.poll(timeout * 1000):
            os.read(self._wake, _PIPE)
        pause = self._debounce()
        if pause:
            self.stopped_event.wait(pause)

    def _debounce(self) -> float:
        """Return for how long to let events gather before a read, in seconds."""
        is_busy = self._handler.last_count > BUSY_RATE * self._gathered
        self._gathered = BUSY_DEBOUNCE if is_busy else DEBOUNCE
        if is_busy or not self.is_awaited:
            return self._gathered
        now = time.monotonic()
        pause = max(0.0, self._read_at + DEBOUNCE - now)  # none after a while without events
        self._read_at = now + pause
        return pause

    def _gap_between_slices(self) -> float:
        """Return how long others get the lock between two slices of work, in seconds."""
        if self._failure is not None:
            return RETRY_INTERVAL
        return DEBOUNCE if self._scan_reason == "overflow" else LOCK_GAP

    def run(self) -> None:
        """Handle events until stopped."""
        try:
            super().run()
        except Exception:  # noqa: BLE001 - it is logged, and was reported to the sink
            _log.exception("the watcher failed")

    def sync(self, deadline: float) -> str | None:
        """See Watcher.sync."""
        while True:
            if not self._lock.acquire(blocking=False) and not self._lock.acquire(
                timeout=max(0.0, deadline - time.monotonic())
            ):
                return self._scan_reason or "sync-timeout"
            try:
                reason = self._catch_up_locked(deadline, SLICE)
            finally:
                self._lock.release()
            if reason is None:
                return None
            now = time.monotonic()
            if now >= deadline or self._is_backing_off(now):
                return reason
            time.sleep(LOCK_GAP if self._failure is None else DEBOUNCE)

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable."""
        found = self._coverage.gaps.unreadable()
        return prefixes(found) if found else []

    @property
    def is_partial(self) -> bool:
        """See Watcher.is_partial."""
        gaps = self._coverage.gaps
        return bool(gaps.has_uncovered or gaps.newly_watched or gaps.files)

    @property
    def is_settled(self) -> bool:
        """See Watcher.is_settled."""
        nothing_begun = self._job is None and not self._unread
        return self._scan_reason is None and nothing_begun and self._coverage.settled

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        gaps = self._coverage.gaps
        return [*prefixes(gaps.uncovered()), *gaps.newly_watched]

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        uncovered = self._coverage.gaps.uncovered()
        return prefixes(each for each in uncovered if each[2].errno == errno.EOPNOTSUPP)

    def partly_watched(self) -> list[bytes]:
        """See Watcher.partly_watched."""
        return [path[: path.rfind(b"/") + 1] for path in self._coverage.gaps.files]

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return [each.prefix for each in self._coverage.by_descriptor.values()]

    def expect(self, known: Callable[[bytes], Known | None]) -> None:
        """See Watcher.expect."""
        if self._scan_reason == "sync-timeout":
            self._coverage.known = known

    def note_found(self, prefixes: Iterable[bytes]) -> None:
        """See Watcher.note_found."""
        for prefix in prefixes:
            self._coverage.note_found(prefix)

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        """See Watcher.note_linked; inotify knows nothing of what is outside of the tree."""

    def before_comparison(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.before_comparison."""
        if self._coverage.settled:  # otherwise the newly watched may not be fully covered yet
            for prefix in prefixes:
                self._coverage.gaps.newly_watched.pop(prefix, None)

    def take_removed(self) -> list[bytes]:
        """See Watcher.take_removed."""
        removed = list(self._coverage.gaps.removed)
        self._coverage.gaps.removed.clear()
        return removed

    def counts(self) -> Counts:
        """See Watcher.counts."""
        gaps = self._coverage.gaps
        advice = next(iter(gaps.files.values()), None)
        for _, _, error in gaps.uncovered()[:1]:
            advice = str(self._queue.no_watch(self._root, error))
        coverage = self._coverage
        return Counts(
            len(coverage.by_descriptor), self._handler.received, advice, coverage.unlisted
        )

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
            self._coverage.shared.end()
            self._queue.close()
            self._mounts.close()
            os.close(self._wake)
            os.close(self._waker)
        self._coverage.shared.reap()

    def _make_coverage(self, excluded: frozenset[bytes]) -> Coverage:
        try:
            coverage = Coverage(self._root, self._queue, self._sink, excluded, self._mounts)
        except OSError as error:
            self._queue.close()
            self._mounts.close()
            raise self._queue.no_watch(self._root, error) from error
        return coverage

    def _advance(self) -> str | None:
        """Do a slice of the pending work; return what `sync` would."""
        with self._lock:
            reason = self._catch_up_locked(math.inf, SLICE)
            self._is_prepared = self._sink.prepare(time.monotonic() + PREPARE_SLICE)
            return reason

    def _catch_up_locked(self, deadline: float, seconds: float) -> str | None:
        """Do the pending work, for at most so many seconds and until the deadline; see `sync`."""
        try:
            ready = self._readiness.poll(0)
            if ready:
                self._read_locked(ready)
            if self._is_done_locked and not self._scan_reason:
                reason = None  # by far the most frequent case
            else:
                reason = self._advance_locked(min(deadline, time.monotonic() + seconds))
            if reason is None:
                self._sink.caught_up()
            return reason
        except TreeLostError as error:
            self._sink.gone(str(error))
            return "degraded"
        except Exception as error:
            # Events may be lost for good.
            self._sink.gone(f"the watcher failed: {error!r}")
            raise

    @property
    def _is_done_locked(self) -> bool:
        """Whether there is nothing to do now."""
        coverage = self._coverage
        if self._job is not None or self._unread or not coverage.settled:
            return False
        return not coverage.gaps.has_uncovered or time.monotonic() < self._retry_at

    def _read_locked(self, ready: Collection[tuple[int, int]]) -> None:
        for descriptor, _ in ready:
            if descriptor == self._mounts.fileno():
                self._coverage.note_mounts()
            elif self._unread_bytes < MAX_UNREAD:
                data = self._queue.read(descriptor)
                self._unread.append(data)
                self._unread_bytes += len(data)
                if self._scan_reason:
                    self._last_event_at = time.monotonic()

    def _advance_locked(self, deadline: float) -> str | None:
        """Do one job after the other until there is none left, or the deadline has passed."""
        if self._coverage.gaps.has_uncovered and time.monotonic() >= self._retry_at:
            self._is_retry_due = True
        while self._job is not None or self._begin_locked():
            assert self._job is not None
            for _ in self._job:
                if time.monotonic() > deadline:
                    return self._scan_reason or "sync-timeout"
            self._job = None
            self._end_job_locked()
            if self._failure is not None:
                return self._scan_reason or "sync-timeout"
            if time.monotonic() > deadline and not self._is_done_locked:
                return self._scan_reason or "sync-timeout"
        if self._is_backing_off(time.monotonic()):
            return "overflow"
        if self._scan_reason:
            self._scan_reason = self._coverage.known = None
            self._coverage.shared.end()
            self._sink.covered()
        return None

    def _begin_locked(self) -> bool:
        """Start the next job, if there is one; return whether there is."""
        coverage = self._coverage
        if self._unread:
            data = self._unread.popleft()
            self._unread_bytes -= len(data)
            self._job = self._handler.handle(data)
        elif self._is_retry_due:
            self._is_retry_due = False
            self._retry_at = time.monotonic() + RETRY_INTERVAL
            self._job = coverage.retry()
        elif not coverage.settled and not self._is_backing_off(time.monotonic()):
            self._job = coverage.work()
        return self._job is not None

    def _register_sources(self) -> None:
        """Have queries, and the thread, look at all descriptors of the queue."""
        sources = self._queue.filenos
        for each in sources[self._registered :]:
            self._readiness.register(each, select.POLLIN)
        if 0 < self._registered < len(sources):
            os.write(self._waker, b"!")  # the thread may wait for the others alone
        self._registered = len(sources)

    def _is_backing_off(self, now: float) -> bool:
        """Return whether the rescan after an overflow is delayed."""
        until = min(self._overflowed_at + self._backoff, self._last_event_at + QUIET)
        return self._scan_reason == "overflow" and now < until

    def _end_job_locked(self) -> None:
        if len(self._queue.filenos) != self._registered:
            self._register_sources()
        if self._handler.dropped:
            self._handler.dropped = False
            self._overflowed_locked()
        error = self._coverage.shortage
        if error is not None and self._failure is None:
            _log.warning("cannot list the tree, retrying: %s", error)
        self._failure = error

    def _overflowed_locked(self) -> None:
        """Rescan the whole tree: the queue was full, and events were lost.

        At once, unless that happens repeatedly: then with a back-off.
        """
        now = time.monotonic()
        calm = now > self._overflowed_at + self._backoff + CALM
        self._backoff = 0.0 if calm else min(max(2 * self._backoff, 2 * DEBOUNCE), MAX_BACKOFF)
        self._overflowed_at = self._last_event_at = now
        if self._scan_reason is None:
            self._scan_reason = "overflow"
        self._coverage.known = None  # names may have changed where nothing was reported
        self._coverage.rescan()
        self._sink.lost("the kernel's queue was full, and events were dropped")
