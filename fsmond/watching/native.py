"""Watch a tree by a platform's own events, which come later than the changes they tell of.

The source's thread hands on what it receives; ours takes it in and lists directories; a query makes
a cookie and waits until that was taken in, too.
"""

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Collection

from fsmond.watching.contract import Counts, Sink
from fsmond.watching.cookies import Cookies
from fsmond.watching.digest import Digest
from fsmond.watching.happening import Batch, Source

SLICE = 0.01  # seconds of work for which the lock is held, while others may wait for it
PAUSE = 0.001  # seconds between two slices: whoever waits for the lock gets it
RETRY = 1.0  # seconds between two tries at what failed
MOST = 4096  # batches that wait to be taken in; if there are more, it is faster to look anew
LATE = 0.25  # seconds; if an event takes longer, something is wrong
SOON = 0.05  # seconds that are still waited, when it is
MISSED = 3  # times in a row
LONGEST_REST = 5.0  # seconds before the tree is looked at, when one loss follows the other

_log = logging.getLogger(__name__)


class NativeWatcher:
    """Takes in what a source hands on, on one thread, started by `start`, joined by `stop`."""

    def __init__(
        self,
        root: bytes,
        sink: Sink,
        lock: threading.Lock,
        excluded: frozenset[bytes],
        make_source: Callable[[bytes], Source],
    ) -> None:
        self._sink = sink
        self._lock = lock  # guards the sink, and everything below but the inbox
        self._source = make_source(root)
        self._digest = Digest(self._source, sink, excluded)
        self._cookies = Cookies(self._source.locate, excluded, lock)
        self._inbox: queue.SimpleQueue[Callable[[], Batch] | None] = queue.SimpleQueue()
        self._dropped = False  # whether something did not fit in there; set by the source's thread
        self._surveying: str | None = "sync-timeout"  # why the whole tree is being listed, if it is
        self._no_barrier: str | None = None  # why nobody can wait for the events, if so
        self._missed = 0  # how often in a row that was in vain
        self._events = 0
        self._lost_at = -math.inf
        self._rest = 0.0  # seconds between a loss and the survey
        self._retry_at = 0.0
        self._stopping = threading.Event()
        self._stopped = threading.Lock()  # taken for good by who stops first
        self._thread = threading.Thread(target=self._run, name="fsmond-watch", daemon=True)

    def start(self) -> None:
        """See Watcher.start."""
        self._source.begin(self._hand_on)
        self._cookies.prepare()
        self._thread.start()

    def sync(self, deadline: float) -> str | None:
        """See Watcher.sync."""
        if self._surveying is not None and not self._is_surveyed(deadline):
            return self._surveying or "sync-timeout"
        begun = time.monotonic()
        try:
            is_taken_in = self._cookies.wait(
                deadline if self._no_barrier is None else min(deadline, begun + SOON)
            )
        except OSError as error:
            # Nothing can be said of events, so the tree is compared; see `unwatched`.
            self._no_barrier = f"no file can be made to wait for its event: {error}"
            return None
        if is_taken_in:
            self._no_barrier, self._missed = None, 0
            return self._surveying
        if self._surveying is None and self._no_barrier is None and deadline - begun > LATE:
            self._missed += 1
            if self._missed >= MISSED:
                self._no_barrier = "the file system's events come too late, or not at all"
        return self._surveying or ("sync-timeout" if self._no_barrier is None else None)

    @property
    def is_partial(self) -> bool:
        """See Watcher.is_partial."""
        return self._no_barrier is not None

    @property
    def is_settled(self) -> bool:
        """See Watcher.is_settled."""
        return self._surveying is None and self._digest.is_done

    def unwatched(self) -> list[bytes]:
        """See Watcher.unwatched."""
        return [b""] if self._no_barrier is not None else []

    def remote(self) -> list[bytes]:
        """See Watcher.remote."""
        return []

    def unsure(self) -> list[bytes]:
        """See Watcher.unsure."""
        return []

    def watched(self) -> list[bytes]:
        """See Watcher.watched."""
        return self._digest.known.prefixes()

    def note_compared(self, prefixes: Collection[bytes]) -> None:
        """See Watcher.note_compared; of what changed meanwhile the events still come."""

    def take_departed(self) -> list[bytes]:
        """See Watcher.take_departed."""
        departed = list(self._digest.departed)
        self._digest.departed.clear()
        return departed

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable."""
        return list(self._digest.unreadable)

    def counts(self) -> Counts:
        """See Watcher.counts."""
        directories = 0 if self.is_partial else len(self._digest.known)
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

    def _is_surveyed(self, deadline: float) -> bool:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        try:
            return self._cookies.wait_until(lambda: self._surveying is None, deadline)
        finally:
            self._lock.release()

    def _hand_on(self, batch: Callable[[], Batch]) -> None:
        """Queue a batch; called on the source's thread, which has no time to lose."""
        if self._inbox.qsize() < MOST:
            self._inbox.put(batch)
        else:
            self._dropped = True

    def _run(self) -> None:
        try:
            done = False
            while not self._stopping.is_set():
                done = self._step(wait=RETRY if done else 0.0)
                if not done:
                    self._stopping.wait(PAUSE)
        except Exception as error:  # noqa: BLE001 - it is logged, and whoever asks was told
            # Events may be lost that nobody will see again.
            self._sink.gone(f"the watcher failed: {error!r}")
            _log.exception("the watcher failed")

    def _step(self, wait: float) -> bool:
        """Take in a batch, if there is one in time, and do a slice of work; say whether all is."""
        batch = self._next(wait)
        now = time.monotonic()
        with self._lock:
            if batch is not None:
                self._take_in_locked(batch)
            if self._dropped:
                self._dropped = False
                self._lose_locked("more events came than could be taken in")
            if self._digest.unreadable and now >= self._retry_at:
                self._retry_at = now + RETRY
                self._digest.retry()
            if now < self._lost_at + self._rest or not self._digest.work(now + SLICE):
                return False
            if self._surveying is not None:
                self._surveying = None
                self._sink.covered()
            self._sink.caught_up()
            self._cookies.announce()
            return True

    def _next(self, wait: float) -> Batch | None:
        try:
            read = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
        except queue.Empty:
            return None
        return None if read is None else read()

    def _take_in_locked(self, batch: Batch) -> None:
        self._events += len(batch.happenings)
        if batch.lost is not None:
            self._lose_locked(batch.lost)
        if batch.gone is not None:
            self._sink.gone(batch.gone)
        self._digest.take_in(each for each in batch.happenings if not self._cookies.take(each.path))

    def _lose_locked(self, detail: str) -> None:
        """Look at the whole tree: at once, unless events are lost again and again."""
        now = time.monotonic()
        again = now < self._lost_at + 2 * self._rest + RETRY
        self._rest = min(max(2 * self._rest, 10 * PAUSE), LONGEST_REST) if again else 0.0
        self._lost_at = now
        if self._surveying is None:
            self._surveying = "overflow"
        self._digest.survey()
        self._cookies.presume()
        self._sink.lost(detail)
