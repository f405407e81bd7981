"""Watch a tree by the platform's own events, which arrive later than the changes.

The source's thread delivers what it receives; our thread handles it and lists directories; a query
creates a cookie file and waits until its event is handled, too.
"""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from fsmond.watching.contract import Counts, Known, Sink
from fsmond.watching.native.cookies import Cookies
from fsmond.watching.native.event_handler import EventHandler
from fsmond.watching.native.source import Batch, Source

SLICE = 0.01  # seconds of work with the lock held, while others may wait for it
LOCK_GAP = 0.001  # seconds between slices, so that others get the lock
RETRY_INTERVAL = 1.0  # seconds between two attempts at what failed
MAX_QUEUED = 4096  # batches in the inbox; beyond that, a rescan is faster
EVENT_TIMEOUT = 0.25  # seconds; if an event takes longer, something is wrong
SHORT_TIMEOUT = 0.05  # seconds; the timeout while something is wrong
MAX_MISSED = 3  # cookies in a row, until something is considered wrong
MAX_BACKOFF = 5.0  # seconds before the rescan when losses follow each other

_log = logging.getLogger(__name__)


class NativeWatcher:
    """Handles what a source delivers, on one thread, which `start` starts and `stop` joins."""

    def __init__(
        self,
        root: bytes,
        sink: Sink,
        lock: threading.Lock,
        excluded: frozenset[bytes],
        make_source: Callable[[bytes], Source],
    ) -> None:
        self.is_awaited = False
        """See Watcher.is_awaited; events are reported at once in any case."""
        self._sink = sink
        # Guards the sink, the handler, and what `_step` changes.  `sync` reads flags without it and
        # changes `_no_barrier` and `_missed_cookies`: a race between queries costs one wait only.
        self._lock = lock
        self._source = make_source(root)
        self._handler = EventHandler(self._source, sink, excluded)
        self._cookies = Cookies(self._source.locate, excluded, lock)
        self._inbox: queue.SimpleQueue[Callable[[], Batch] | None] = queue.SimpleQueue()
        self._dropped = False  # whether the inbox was full; set by the source's thread
        self._scan_reason: str | None = "sync-timeout"  # why the whole tree is being listed, if so
        self._no_barrier: str | None = None  # why cookies are of no use, if so
        self._missed_cookies = 0  # in a row
        self._events = 0
        self._lost_at = -math.inf
        self._backoff = 0.0  # seconds from a loss to the rescan
        self._retry_at = 0.0
        self._stopping = threading.Event()
        self._stopped = threading.Lock()  # taken for good by the first `stop`
        self._thread = threading.Thread(target=self._run, name="fsmond-watch", daemon=True)

    def start(self) -> None:
        """See Watcher.start."""
        self._source.begin(self._deliver)
        self._cookies.prepare()
        self._thread.start()

    def sync(self, deadline: float) -> str | None:
        """See Watcher.sync."""
        if self._scan_reason is not None and not self._wait_for_scan(deadline):
            return self._scan_reason or "sync-timeout"
        begun = time.monotonic()
        try:
            is_handled = self._cookies.wait(
                deadline if self._no_barrier is None else min(deadline, begun + SHORT_TIMEOUT)
            )
        except OSError as error:
            # Events are of no use without a barrier, so the tree is compared; see `unwatched`.
            self._no_barrier = f"no cookie file can be created to wait for its event: {error}"
            return None
        if is_handled:
            self._no_barrier, self._missed_cookies = None, 0
            return self._scan_reason
        if (
            self._scan_reason is None
            and self._no_barrier is None
            and deadline - begun > EVENT_TIMEOUT
        ):
            self._missed_cookies += 1
            if self._missed_cookies >= MAX_MISSED:
                self._no_barrier = "the file system's events arrive too late, or not at all"
        return self._scan_reason or ("sync-timeout" if self._no_barrier is None else None)

    @property
    def is_partial(self) -> bool:
        """See Watcher.is_partial."""
        return self._no_barrier is not None

    @property
    def is_settled(self) -> bool:
        """See Watcher.is_settled."""
        return self._scan_reason is None and self._handler.is_done

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        return [b""] if self._no_barrier is not None else []

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        return []

    def partly_watched(self) -> list[bytes]:
        """See Watcher.partly_watched."""
        return []

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return self._handler.directories.prefixes()

    def expect(self, known: Callable[[bytes], Known | None]) -> None:
        """See Watcher.expect; nothing is listed in advance."""

    def note_found(self, prefixes: Iterable[bytes]) -> None:
        """See Watcher.note_found; directories need no watch of their own."""

    def note_linked(self, files: Mapping[int, bytes]) -> None:
        """See Watcher.note_linked; nothing is known of what is outside of the tree."""

    def before_comparison(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.before_comparison; changes during the comparison have events."""

    def take_removed(self) -> list[bytes]:
        """See Watcher.take_removed."""
        removed = list(self._handler.removed)
        self._handler.removed.clear()
        return removed

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable."""
        return list(self._handler.unreadable)

    def counts(self) -> Counts:
        """See Watcher.counts."""
        directories = 0 if self.is_partial else len(self._handler.directories)
        return Counts(directories, self._events, self._no_barrier)

    def stop(self) -> None:
        """See Watcher.stop."""
        if not self._stopped.acquire(blocking=False):
            return
        self._stopping.set()
        self._inbox.put(None)
        self._source.end()
        if self._thread.is_alive():
            self._thread.join()

    def _wait_for_scan(self, deadline: float) -> bool:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        try:
            return self._cookies.wait_until(lambda: self._scan_reason is None, deadline)
        finally:
            self._lock.release()

    def _deliver(self, batch: Callable[[], Batch]) -> None:
        """Queue a batch; called on the source's thread, which must not be delayed."""
        if self._inbox.qsize() < MAX_QUEUED:
            self._inbox.put(batch)
        else:
            self._dropped = True

    def _run(self) -> None:
        try:
            done = False
            while not self._stopping.is_set():
                done = self._step(wait=RETRY_INTERVAL if done else 0.0)
                if not done:
                    self._stopping.wait(LOCK_GAP)
        except Exception as error:  # noqa: BLE001 - it is logged, and reported to the sink
            # Events may be lost for good.
            self._sink.gone(f"the watcher failed: {error!r}")
            _log.exception("the watcher failed")

    def _step(self, wait: float) -> bool:
        """Handle a batch, if one arrives in time; work for a slice; return whether all is done."""
        batch = self._next_batch(wait)
        now = time.monotonic()
        with self._lock:
            if batch is not None:
                self._handle_locked(batch)
            if self._dropped:
                self._dropped = False
                self._events_lost_locked("more events arrived than could be handled")
            if self._handler.unreadable and now >= self._retry_at:
                self._retry_at = now + RETRY_INTERVAL
                self._handler.retry()
            if now < self._lost_at + self._backoff or not self._handler.work(now + SLICE):
                return False
            if self._scan_reason is not None:
                self._scan_reason = None
                self._sink.covered()
            self._sink.caught_up()
            self._cookies.complete()
            return True

    def _next_batch(self, wait: float) -> Batch | None:
        try:
            read = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
        except queue.Empty:
            return None
        return None if read is None else read()

    def _handle_locked(self, batch: Batch) -> None:
        self._events += len(batch.events)
        if batch.lost is not None:
            self._events_lost_locked(batch.lost)
        if batch.gone is not None:
            self._sink.gone(batch.gone)
        self._handler.handle(each for each in batch.events if not self._cookies.consume(each.path))

    def _events_lost_locked(self, detail: str) -> None:
        """Rescan the whole tree: at once, unless losses are repeated: then with a back-off."""
        now = time.monotonic()
        again = now < self._lost_at + 2 * self._backoff + RETRY_INTERVAL
        self._backoff = min(max(2 * self._backoff, 10 * LOCK_GAP), MAX_BACKOFF) if again else 0.0
        self._lost_at = now
        if self._scan_reason is None:
            self._scan_reason = "overflow"
        self._handler.rescan()
        self._cookies.assume_arrived()
        self._sink.lost(detail)
