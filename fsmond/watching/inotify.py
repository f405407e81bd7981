"""Watch a tree on Linux: the kernel's queue is the barrier.

An event is in the queue before the system call that caused it returns.  So whoever reads the
queue until it is empty has seen all that happened before: no file is made and waited for.
"""

import sys

assert sys.platform == "linux"

import errno
import logging
import os
import select
import threading
import time

from watchdog.observers.api import EventEmitter, EventQueue, ObservedWatch

from fsmond.watching.calls import (
    EVENT_HEAD,
    IGNORED,
    IS_DIRECTORY,
    MOVED_TO,
    OVERFLOW,
    UNMOUNT,
    Queue,
)
from fsmond.watching.contract import Counts, Sink
from fsmond.watching.coverage import Coverage
from fsmond.watching.directory import Directory
from fsmond.watching.limits import no_instance, no_watch, too_few_watches

GATHER = 0.005  # seconds; what arrives within them is taken at once, far from filling the queue
SLICE = 0.05  # seconds of work for which the lock is held, while others may wait for it
PATIENCE = 5.0  # seconds for which an error that may pass is waited for at the start
RETRY = 1.0  # seconds between two tries to watch what could not be watched

_log = logging.getLogger(__name__)


class InotifyEmitter(EventEmitter):
    """A watchdog emitter that reads the queue itself, and reports to a sink.

    Its thread is started by `start`, and joined by `stop`.  watchdog's own emitter for inotify
    loses changes in silence when the queue overflows, and when there are not enough watches.
    """

    def __init__(
        self, root: bytes, sink: Sink, lock: threading.Lock, excluded: frozenset[bytes]
    ) -> None:
        super().__init__(EventQueue(), ObservedWatch(os.fsdecode(root), recursive=True), timeout=60)
        self.name = "fsmond-watch"
        self._root = root
        self._sink = sink
        self._excluded = excluded
        self._lock = lock  # guards the sink, and everything below
        try:
            self._queue = Queue()
        except OSError as error:
            raise no_instance(error) from error
        self._coverage = self._cover()
        self._received = 0
        self._surveying: str | None = "sync-timeout"  # why the whole tree is being listed, if it is
        self._degraded = False  # whether something is uncovered
        self._failure: OSError | None = None  # what keeps us from looking, once it was logged
        self._retry_at = 0.0
        self._wake, self._waker = os.pipe()
        self._stopping = threading.Lock()  # taken for good by who stops first

    def on_thread_start(self) -> None:
        """Cover the tree; changes meanwhile are in the queue."""
        try:
            limit = time.monotonic() + PATIENCE
            while self._surveying:
                self._advance()
                self._check(limit)
        except BaseException:
            self.stop()
            raise

    def queue_events(self, timeout: float) -> None:
        """Take what the kernel queued, once it did; called in a loop on our own thread."""
        poller = select.poll()
        poller.register(self._queue.fileno(), select.POLLIN)
        poller.register(self._wake, select.POLLIN)
        poller.poll(timeout * 1000)
        while not self.stopped_event.wait(RETRY if self._failure else GATHER):
            if self._advance() in (None, "degraded"):
                break

    def run(self) -> None:
        """Take events until stopped."""
        try:
            super().run()
        except Exception:  # noqa: BLE001 - it is logged, and whoever asks was told
            _log.exception("the watcher failed")

    def sync(self, deadline: float) -> str | None:
        """See Watcher.sync."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return self._surveying or "sync-timeout"
        try:
            return self._catch_up_locked(deadline)
        finally:
            self._lock.release()

    def unreadable(self) -> list[bytes]:
        """See Watcher.unreadable."""
        return list(self._coverage.unreadable)

    def counts(self) -> Counts:
        """See Watcher.counts."""
        coverage = self._coverage
        return Counts(len(coverage.by_descriptor), self._received, len(coverage.uncovered))

    def stop(self) -> None:
        """See Watcher.stop."""
        if not self._stopping.acquire(blocking=False):
            return
        super().stop()
        os.write(self._waker, b"!")
        if self.is_alive():
            self.join()
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._queue.close()
            os.close(self._wake)
            os.close(self._waker)

    def _cover(self) -> Coverage:
        try:
            coverage = Coverage(self._root, self._queue, self._sink.changed, self._excluded)
        except OSError as error:
            self._queue.close()
            raise no_watch(self._root, error) from error
        coverage.survey()
        return coverage

    def _advance(self) -> str | None:
        """Do a slice of what is to be done, and say whether that was all, as `sync` does."""
        with self._lock:
            return self._catch_up_locked(time.monotonic() + SLICE)

    def _catch_up_locked(self, deadline: float) -> str | None:
        try:
            data = self._queue.take()
            if data:
                self._take_in_locked(data)
            elif self._coverage.settled and not self._degraded and not self._surveying:
                return None  # by far the most frequent
            return self._settle_locked(deadline)
        except Exception as error:
            # Events may be lost that nobody will see again.
            self._sink.gone(f"the watcher failed: {error!r}")
            raise

    def _settle_locked(self, deadline: float) -> str | None:
        coverage = self._coverage
        if coverage.uncovered and time.monotonic() >= self._retry_at:
            self._retry_at = time.monotonic() + RETRY
            coverage.retry()
        if not self._work_locked(deadline):
            return self._surveying or "sync-timeout"
        if self._surveying:
            self._sink.lost(
                self._surveying, "events were dropped, and the whole tree looked at anew"
            )
            self._surveying = None
        return self._judge_locked()

    def _work_locked(self, deadline: float) -> bool:
        try:
            done = self._coverage.work(deadline)
        except OSError as error:
            if self._failure is None:
                _log.warning("cannot look into the tree, trying again and again: %s", error)
            self._failure = error
            return False
        self._failure = None
        return done

    def _judge_locked(self) -> str | None:
        """Say whether all is covered; tokens from a time when it was not mean nothing."""
        uncovered = self._coverage.uncovered
        if bool(uncovered) != self._degraded:
            self._degraded = bool(uncovered)
            detail = "all directories are covered again"
            for *_, error in uncovered.values():
                detail = str(no_watch(self._root, error))
            self._sink.lost("degraded", detail)
        return "degraded" if self._degraded else None

    def _take_in_locked(self, data: bytes) -> None:
        # About a microsecond an event: a burst must be read faster than a program can cause it.
        head, by_descriptor = EVENT_HEAD.unpack_from, self._coverage.by_descriptor
        changed: dict[bytes, None] = {}
        at, end, count = 0, len(data), 0
        while at < end:
            descriptor, mask, _, size = head(data, at)
            at += 16
            count += 1
            name = data[at : at + size].rstrip(b"\0")
            at += size
            directory = by_descriptor.get(descriptor)
            if directory is None:
                if mask & OVERFLOW:
                    self._overflowed_locked()
                continue  # forgotten since: what it was about was looked at anew
            if not name:
                self._lost_watch_locked(directory, mask)
            elif mask & IS_DIRECTORY:
                changed[directory.prefix + name + b"/"] = None
                self._coverage.look(directory, name, anew=bool(mask & MOVED_TO))
            else:
                changed[directory.prefix + name] = None
                directory.witness = name
        self._received += count
        for path in self._excluded:
            changed.pop(path, None)
            changed.pop(path + b"/", None)
        if changed:
            self._sink.changed(changed)

    def _lost_watch_locked(self, directory: Directory, mask: int) -> None:
        """Deal with what the kernel tells about a watched directory itself."""
        if mask & UNMOUNT and directory.parent is not None:
            self._sink.changed((directory.prefix,))
            self._coverage.look(directory.parent, directory.name, anew=True)
        if mask & IGNORED:
            self._coverage.kernel_removed(directory)
            if directory is self._coverage.root:
                self._sink.gone("the directory was removed")

    def _overflowed_locked(self) -> None:
        """Look at the whole tree: the queue was full, and events were lost."""
        self._surveying = "overflow"
        self._coverage.survey()

    def _check(self, limit: float) -> None:
        """Give up while starting if it can't be done: half a tree is of no use."""
        if self._failure is not None and time.monotonic() > limit:
            raise no_watch(self._root, self._failure)
        for _, _, error in self._coverage.uncovered.values():
            if error.errno == errno.ENOSPC:
                raise too_few_watches(self._root)
