"""The history of one tree: a watcher, a journal and an index, under one lock.

The threads, and what each of them does:

- `fsmond-watch`, the watcher's thread, reads events and calls the methods of Reports.  A thread
  that calls the watcher's `start` or `sync` may do the same: on Linux, a query reads the events
  itself.  The lock is held during these calls, but not always for `gone`.
- `fsmond-index`, the thread of IndexWorker, compares the tree with the index.  Only this thread
  changes the index.  It reads the disk without the lock.
- `fsmond-history`, the thread of HistoryStore, if there is one, stores what is new.
- `fsmond-probe`, one for each file system that may not answer, compares that file system with an
  index of its own.  It takes the lock to record what changed.
- Any thread may call `query`, `flush` and the other public methods.  In the daemon, the server's
  workers call `query` and `flush`, and the main thread calls `tick`.

The locks, and what each of them guards:

- `TreeState.lock` guards the journal, the recorder, the watcher, the rest of TreeState where it
  says so, and the state of IndexWorker unless noted there.  A query waits for it until its
  deadline.  A thread with much to do releases it every few milliseconds.
- Each probe has a condition, which guards its requests.  No thread holds both locks.

These are read without a lock: tokens of the journal, which are replaced and never changed; flags
and figures; and what Index documents for any thread.  Timestamps needs no lock.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fsmond.index.difference import ANY_NAME
from fsmond.index.tree import Index
from fsmond.journal.history import KEEP, Journal
from fsmond.journal.token import Token
from fsmond.monitor.history_store import HistoryStatus, HistoryStore, not_stored
from fsmond.monitor.index_worker import IndexWorker
from fsmond.monitor.kinds import Change, changes
from fsmond.monitor.reports import Reports, new_session
from fsmond.monitor.timestamps import Timestamps
from fsmond.monitor.tree_state import Helper, Kept, TreeState
from fsmond.paths import HAS_TWO_FORMS, identity, leads_to, with_both_forms
from fsmond.storage.file import HistoryFile
from fsmond.watching.contract import Sink, Watcher
from fsmond.watching.native.cookies import COOKIE_PREFIX

QUERY_TIMEOUT = 0.9  # seconds that a query may take, so that its client has the answer within one
_POLL = 0.002  # seconds between two checks of a condition, or for a short piece of work
_SLICE = 0.003  # seconds of work for which the lock is held, as others may wait for it
_LOCK_GAP = 0.0002  # seconds in which other threads get the lock
_LAST_REFRESH = 0.5  # seconds at the end to bring the index up to date; what is missing is compared
_COVERING = 0.4  # seconds that a query waits at most until the tree is covered
_MANY = 20_000  # directories; covering them takes longer than that
_FEW = 500  # directories; covering them, and comparing them with a history, takes some 30 ms


class Changes(NamedTuple):
    """The answer to a query: a new token, and what changed since the old one."""

    token: Token
    paths: list[bytes] | None
    """None if everything may have changed."""
    reason: str | None
    """Why everything may have changed; see fsmond.protocol.Answer."""
    unknown: int = 0
    """How many paths, at the end, are in each answer, as changes there cannot be known."""


WatcherFactory = Callable[[bytes, Sink, threading.Lock, frozenset[bytes]], Watcher]


class Monitor:
    """Reports what changed below one root.  All public methods may be called on any thread."""

    def __init__(
        self,
        root: bytes,
        watcher: WatcherFactory,
        *,
        excluded: frozenset[bytes] = frozenset(),
        keep: int = KEEP,
        timeout: float = QUERY_TIMEOUT,
    ) -> None:
        self.root = root
        self.started = time.time()
        self.queries = 0  # counted without a lock: a figure for people
        self.verify_every = 0
        """Queries between two comparisons of the tree that log unreported changes; 0: never."""
        self.timestamps = Timestamps(None)
        """For requests with a time instead of a token; replace it before `start`."""
        self.is_large = False
        """If true, no query waits until the tree is covered; set it before `start`."""
        self._timeout = timeout
        self._identity = identity(root)
        # Sequences begin above those of earlier processes, whose history may be restored.
        journal = Journal(new_session(), first=time.time_ns() // 1000, keep=keep)
        index = Index(root, excluded, COOKIE_PREFIX)
        index.since = index.clock.read()
        self._tree = tree = TreeState(root, index, journal)
        self.reports = reports = Reports(tree, note_time=self._note_time)
        self.resyncs = reports.resyncs
        tree.watcher = self.watcher = watcher(root, reports, tree.lock, excluded)
        self._lock, self._index, self._journal = tree.lock, index, journal
        self._recorder = tree.recorder
        self._recorder.on_linked = self.watcher.note_linked
        self.index_worker = reports.index_worker = IndexWorker(tree, reports)
        self.why_not_stored = "nobody asked for it"
        """Why no history is stored, if `store_in` is not called."""
        self._store: HistoryStore | None = None

    def store_in(self, file: HistoryFile) -> HistoryStore:
        """Have the history stored, and restored if it is there; to be called before `start`."""
        self._store = self._tree.store = HistoryStore(self._tree, file)
        return self._store

    def have_helped(self, helper: Helper) -> None:
        """Have another process help with the first comparison; to be called before `start`."""
        self._tree.helper = helper

    def history_status(self) -> HistoryStatus:
        """Return what is stored of the history; on any thread."""
        store = self._store
        return not_stored(self.why_not_stored) if store is None else store.status()

    @property
    def has_stored(self) -> bool:
        """Whether there is a stored history to restore, which need not be usable."""
        return self._store is not None and self._store.is_there

    def start(self, *, timeout: float = 0.0) -> None:
        """Begin to cover the tree; wait until that is done, at most `timeout` seconds."""
        self._index.prove_times()
        self.index_worker.start(self._store)
        self.watcher.start()
        deadline = time.monotonic() + timeout
        while not self.index_worker.covered and time.monotonic() < deadline:
            self.watcher.sync(deadline)
            time.sleep(_POLL)

    def tick(self) -> None:
        """Do periodic work; to be called about twice a second."""
        self.resyncs.log()
        if self.watcher.is_partial:
            self.watcher.sync(time.monotonic() + _POLL)  # perhaps more can be watched by now
        if self._lock.acquire(timeout=self._timeout):
            try:
                late = time.monotonic() + _POLL
                self._recorder.check_new_names(late, indexed=self.index_worker.built)
            finally:
                self._lock.release()
        self.index_worker.tick(self.queries)
        self._note_time()
        if self._store is not None:
            self._store.tick()

    def stop(self) -> None:
        """Stop watching, store the history; join all threads that no file system blocks."""
        if self._store is not None and self.why_ended() is None:
            self.index_worker.refresh_finally(_LAST_REFRESH)
        self.index_worker.stop()
        self.watcher.stop()
        if self._store is not None:
            self._store.stop(save=self.why_ended() is None)

    def query(self, since: bytes | Token | None) -> Changes:
        """Return what changed since the answer with this token, within `timeout` seconds."""
        self.queries += 1
        deadline = time.monotonic() + self._timeout
        wanted = self._token(since) if isinstance(since, bytes) else since
        reason = "no-token" if since is None else "unknown-token"
        index_worker = self.index_worker
        if not index_worker.covered and self._answers_early(wanted, deadline):
            why = reason if wanted is None else self._journal.since(wanted)
            return self._everything(why if isinstance(why, str) else "restart")
        trouble = self.watcher.sync(deadline)
        if (
            trouble
            or not index_worker.built
            or index_worker.recovering
            or index_worker.must_compare
        ):
            trouble = self._catch_up(trouble, wanted, deadline)
        if self.why_ended() is not None:
            trouble = "degraded"
        if trouble is not None:
            return self._everything(trouble)
        if wanted is self._journal.token and self._nothing_is_due():
            return Changes(wanted, [], None)  # by far the most frequent answer: it takes no lock
        return self._changes_since(wanted, reason, deadline)

    def kinds(self, paths: Iterable[bytes], since: bytes) -> list[Change]:
        """Return how the paths of an answer changed since a valid token; looks up each of them."""
        token = Token.parse(since)
        return changes(self._tree, paths, 0 if token is None else token.sequence)

    def await_index(self) -> None:
        """Wait until it is known what is in the tree, at most as long as a query may take.

        Kinds of changes since earlier tokens are not known well.
        """
        if not self.index_worker.built:
            self.index_worker.wait_until_built(time.monotonic() + self._timeout)

    def on_change(self, call: Callable[[], None] | None) -> None:
        """Have `call` called whenever a change is recorded, with the lock held; must not block."""
        self._journal.on_record = call
        self.watcher.is_awaited = call is not None

    def is_newest(self, token: Token) -> bool:
        """Return whether nothing was recorded since an answer with this token; any thread."""
        return token is self._journal.token

    def record(self, paths: Collection[bytes]) -> None:
        """Record that these paths changed for clients, though not in the tree."""
        with self._lock:
            was_settled = self._journal.settled is self._journal.token
            self._recorder.record(paths)
            if was_settled:
                self._journal.settle()

    @contextmanager
    def kept(self) -> Iterator[Kept]:
        """Give access to what is stored with the history; wait until it is loaded."""
        if self.index_worker.is_loading:
            self.index_worker.wait_for_load(time.monotonic() + self._timeout)
        with self._lock:
            yield self._tree.kept

    def _nothing_is_due(self) -> bool:
        """Return whether an answer needs only the journal; without the lock, after `sync`."""
        due = self._tree.flush_is_due or self.verify_every or self._recorder.is_due
        return not (due or self.watcher.unreadable() or self._tree.unanswered)

    def why_ended(self) -> str | None:
        """Return why the tree cannot be watched any longer; None as long as it can."""
        if not leads_to(self.root, self._identity):
            self.reports.gone("the directory was moved or replaced")  # no event reports that
        return self.reports.ended

    def _token(self, since: bytes) -> Token | None:
        if (token := Token.parse(since)) is None:
            self._note_time()
            token = self.timestamps.token_at(since)
        return token

    def _note_time(self) -> None:
        # Unwatched directories are reported only once there is an index to compare them with.
        if self.index_worker.covered and (self.index_worker.built or not self.watcher.is_partial):
            self.timestamps.note(self._journal.settled)

    def _answers_early(self, wanted: Token | None, deadline: float) -> bool:
        """Return whether to answer "everything" before the tree is covered.

        Unless that takes long, wait until it is covered, as a token is worth more then.  With a
        stored history, that is so only after the comparison with it.
        """
        if wanted is not None and self.index_worker.is_loading and not self._is_known(wanted):
            self.index_worker.wait_for_load(deadline)
        known = self._is_known(wanted)
        wait = not (known or self.is_large)
        until = min(deadline, time.monotonic() + _COVERING)
        while wait and not self.index_worker.covered and time.monotonic() < until:
            self.watcher.sync(time.monotonic() + _POLL)
            limit = _FEW if self.index_worker.recovering else _MANY
            if self.watcher.counts().directories > limit:
                break
            time.sleep(_POLL / 10)
        if self.index_worker.covered:
            return False
        if not known:
            self._tree.has_early_tokens = True  # before the answer's token is taken
        return not known

    def _catch_up(self, trouble: str | None, wanted: Token | None, deadline: float) -> str | None:
        """Record what events do not report; return why that failed, if it did."""
        if not self.index_worker.built and self.watcher.is_partial:
            self._tree.has_early_tokens = True
        now = self._journal.token.sequence
        sequence = wanted.sequence if wanted is not None and self._is_known(wanted) else now
        if trouble in (None, "overflow") and self.index_worker.must_wait(sequence):
            trouble = self.index_worker.catch_up(deadline)
        return trouble

    def _is_known(self, token: Token | None) -> bool:
        if token is None:
            return False
        return token.session == self.session or self._journal.is_earlier(token)

    def _changes_since(self, wanted: Token | None, reason: str, deadline: float) -> Changes:
        if not self._check_new_names(deadline) or not self._take_lock(deadline):
            return self._everything("sync-timeout")
        try:
            if self.verify_every and self.queries % self.verify_every == 0:
                self.index_worker.want_verification()
            return self._changes_since_locked(wanted, reason)
        finally:
            self._lock.release()

    def _take_lock(self, deadline: float) -> bool:
        return self._lock.acquire(blocking=False) or self._lock.acquire(
            timeout=max(deadline - time.monotonic(), 0)
        )

    def _check_new_names(self, deadline: float) -> bool:
        """Check new names; return whether that was done by the deadline."""
        while self._recorder.is_due:
            if not self._take_lock(deadline):
                return False
            try:
                late = min(deadline, time.monotonic() + _SLICE)
                if self._check_new_names_locked(late):
                    return True
                is_early = time.monotonic() < late
            finally:
                self._lock.release()
            if is_early or time.monotonic() >= deadline:
                return False  # waiting does not help, or no time is left
            time.sleep(_LOCK_GAP)
        return True

    def _check_new_names_locked(self, deadline: float) -> bool:
        was_settled = self._journal.settled is self._journal.token
        done = self._recorder.check_new_names(deadline, indexed=self.index_worker.built)
        if was_settled:
            self._journal.settle()  # newly found names of known files need no listing
        return done

    def _everything(self, reason: str) -> Changes:
        if not self.index_worker.covered or self.index_worker.recovering:
            self._tree.has_early_tokens = True  # before the answer's token is taken
        return Changes(self._journal.settled, None, reason)

    def _changes_since_locked(self, wanted: Token | None, reason: str) -> Changes:
        if self._tree.flush_is_due:
            self.reports.begin_session("flush")
        # The paths may be newer than this token: what is not settled is reported again.
        now = self._journal.settled
        if wanted is None:
            return Changes(now, None, reason)
        found = self._journal.since(wanted)
        if isinstance(found, str):
            return Changes(now, None, found)
        more = self.watcher.unreadable()
        for prefix in self._tree.unanswered:
            more += [prefix, prefix + ANY_NAME]
        if wanted.is_provisional:
            if not self.index_worker.built:
                return Changes(now, None, "sync-timeout")  # soon all directories will be known
            known = [*self._index.prefixes(), *self.watcher.watched()]
            more += [prefix + ANY_NAME for prefix in known]
        count = len(found)
        if more:
            found = list(dict.fromkeys([*found, *more]))
        if HAS_TWO_FORMS:
            return Changes(now, with_both_forms(found), None)
        return Changes(now, found, None, len(found) - count)

    def flush(self) -> Changes:
        """Invalidate all tokens, at the latest when the next query is answered."""
        deadline = time.monotonic() + self._timeout
        if self.index_worker.is_loading:
            self.index_worker.wait_for_load(deadline)  # or it would bring back older tokens
        self._tree.flush_is_due = True
        self._tree.has_early_tokens = True
        if self._take_lock(deadline):
            try:
                self.reports.begin_session("flush")
            finally:
                self._lock.release()
        return Changes(self._journal.settled, None, "flush")

    @property
    def session(self) -> str:
        """The session of the current tokens."""
        return self._journal.token.session
