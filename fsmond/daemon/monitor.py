"""The history of one tree: a watcher and a journal, under one lock."""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fsmond.journal.history import KEEP, Journal
from fsmond.journal.token import SESSION_DIGITS, Token
from fsmond.watching.contract import Sink, Watcher

PATIENCE = 0.9  # seconds a query may wait for the watcher: its client has its answer within one
_RESYNCS = 50  # losses that are remembered for people; older ones only count

_log = logging.getLogger(__name__)

WatcherFactory = Callable[[bytes, Sink, threading.Lock, frozenset[bytes]], Watcher]


class Missed(NamedTuple):
    """What a client missed: where the history stands now, and what changed since its token."""

    token: Token
    paths: list[bytes] | None
    """None if everything may have changed."""
    reason: str | None
    """Why everything; see fsmond.protocol.Answer."""


class Resync(NamedTuple):
    """One time when changes went by unseen."""

    time: float
    """Seconds since the epoch."""
    reason: str
    detail: str


class Monitor:
    """Tells what changed below one root.  All methods may be called on any thread."""

    def __init__(
        self,
        root: bytes,
        watcher: WatcherFactory,
        *,
        excluded: frozenset[bytes] = frozenset(),
        keep: int = KEEP,
        patience: float = PATIENCE,
    ) -> None:
        self.root = root
        self.started = time.time()
        self.queries = 0  # counted without a lock: a figure for people
        self.ended: str | None = None
        """Why the tree can't be watched any longer, if it can't."""
        self.resyncs: deque[Resync] = deque(maxlen=_RESYNCS)
        self.resynced = 0
        self._unlogged: deque[Resync] = deque(maxlen=_RESYNCS)
        self._patience = patience
        self._lock = threading.Lock()  # guards the journal, and all of the watcher
        self._flush_wanted = False
        self._journal = Journal(_new_session(), keep=keep)
        self.watcher = watcher(root, self, self._lock, excluded)

    def start(self) -> None:
        """Cover the tree.  Raises WatchError, with nothing left running, if that is impossible."""
        self.watcher.start()

    def log_losses(self) -> None:
        """Log what was lost since the last call; not when it is lost, as the lock is held then."""
        while self._unlogged:
            loss = self._unlogged.popleft()
            _log.warning("all tokens are void (%s): %s", loss.reason, loss.detail)

    def stop(self) -> None:
        """Look no more; joins the watcher's thread."""
        self.watcher.stop()

    def query(self, since: bytes | None) -> Missed:
        """Say what changed since the answer with this token, within the monitor's patience."""
        self.queries += 1
        deadline = time.monotonic() + self._patience
        trouble = self.watcher.sync(deadline)
        if self.ended is not None:
            trouble = "degraded"
        if trouble is None and not self._lock.acquire(timeout=max(deadline - time.monotonic(), 0)):
            trouble = "sync-timeout"
        if trouble is not None:
            return Missed(self._journal.token, None, trouble)
        try:
            return self._missed_locked(since)
        finally:
            self._lock.release()

    def _missed_locked(self, since: bytes | None) -> Missed:
        self._flush_if_wanted_locked()
        now, wanted = self._journal.token, None if since is None else Token.parse(since)
        if wanted is None:
            return Missed(now, None, "no-token" if since is None else "unknown-token")
        found = self._journal.since(wanted)
        if isinstance(found, str):
            return Missed(now, None, found)
        unreadable = self.watcher.unreadable()
        if unreadable:
            found = list(dict.fromkeys([*found, *unreadable]))
        return Missed(now, found, None)

    def flush(self) -> Missed:
        """Forget all tokens, at the latest when the next query is answered."""
        self._flush_wanted = True
        if self._lock.acquire(timeout=self._patience):
            try:
                self._flush_if_wanted_locked()
            finally:
                self._lock.release()
        return Missed(self._journal.token, None, "flush")

    def _flush_if_wanted_locked(self) -> None:
        if self._flush_wanted:
            self._flush_wanted = False
            self._journal.restart(_new_session(), "flush")

    @property
    def session(self) -> str:
        """The name of the history that tokens are of now."""
        return self._journal.token.session

    def changed(self, paths: Iterable[bytes]) -> None:
        """See Sink; the lock is held."""
        self._journal.record(paths)

    def lost(self, reason: str, detail: str) -> None:
        """See Sink; the lock is held."""
        self._journal.restart(_new_session(), reason)
        if reason != "sync-timeout":  # that is the first survey, and no loss
            loss = Resync(time.time(), reason, detail)
            self.resyncs.append(loss)
            self._unlogged.append(loss)
            self.resynced += 1

    def gone(self, detail: str) -> None:
        """See Sink; the lock may be held or not."""
        self.ended = detail


def _new_session() -> str:
    return os.urandom(SESSION_DIGITS // 2).hex()
