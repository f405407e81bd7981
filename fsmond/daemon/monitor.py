"""The history of one tree: a watcher, a journal and an index, under one lock."""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable

from fsmond.daemon.chronicle import Chronicle
from fsmond.daemon.health import identity, leads_to
from fsmond.daemon.keeper import Keeper
from fsmond.daemon.missed import Missed
from fsmond.daemon.reconciler import Reconciler
from fsmond.daemon.resyncs import Resyncs
from fsmond.daemon.spelling import TWO, both
from fsmond.daemon.timestamps import Timestamps
from fsmond.index.difference import ANY_NAME
from fsmond.index.tree import Index
from fsmond.journal.history import KEEP, Journal
from fsmond.journal.token import SESSION_DIGITS, Token
from fsmond.watching.contract import Sink, Watcher
from fsmond.watching.cookies import MARK

PATIENCE = 0.9  # seconds a query may wait for the watcher: its client has its answer within one
_NAP = 0.002  # seconds
_SLICE = 0.003  # seconds of work for which the lock is held, while others may wait for it
_BREATH = 0.0002  # seconds in which others get the lock
_SMALL = 500  # directories; they take about 10 ms

WatcherFactory = Callable[[bytes, Sink, threading.Lock, frozenset[bytes]], Watcher]


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
        self.on_end: Callable[[], None] = lambda: None
        """Called when `ended` is set, on any thread, the lock held or not; must not block."""
        self.verify_every = 0
        """After so many queries the tree is compared, and what was not told logged; 0: never."""
        self.timestamps = Timestamps(None)
        """For requests that are times; to be replaced before `start`."""
        self.is_large = False  # to be set before `start`; then nobody waits until it is covered
        self.resyncs = Resyncs()
        self._patience = patience
        self._identity = identity(root)
        self._lock = threading.Lock()  # guards the journal, and all of the watcher
        self._flush_wanted = False
        self._journal = Journal(_new_session(), keep=keep)
        self._index = index = Index(root, excluded, MARK)
        index.since = index.clock.read()
        self._chronicle = Chronicle(root, index, self._journal)
        self.watcher = watcher(root, self, self._lock, excluded)
        reconciler = Reconciler(index, self._journal, self._chronicle, self.watcher, self._lock)
        self.keeper = Keeper(reconciler, self._journal, self.watcher, self._lock, self)

    def start(self, *, patience: float = 0.0) -> None:
        """Begin to cover the tree; wait until that is done, for that many seconds at most."""
        self.keeper.start()
        self.watcher.start()
        deadline = time.monotonic() + patience
        while not self.keeper.covered and time.monotonic() < deadline:
            self.watcher.sync(deadline)
            time.sleep(_NAP)

    def tick(self) -> None:
        """Do what is to be done now and then; to be called about twice a second."""
        self.resyncs.log()
        if self.watcher.is_partial:
            self.watcher.sync(time.monotonic() + _NAP)  # it may be that more can be watched by now
        if self._lock.acquire(timeout=self._patience):
            try:
                self._chronicle.look_at_new(time.monotonic() + _NAP, indexed=self.keeper.built)
            finally:
                self._lock.release()
        self.keeper.tick(self.queries)
        self._note_time()

    def stop(self) -> None:
        """Look no more; joins all threads."""
        self.keeper.stop()
        self.watcher.stop()

    def query(self, since: bytes | Token | None) -> Missed:
        """Say what changed since the answer with this token, within the monitor's patience."""
        self.queries += 1
        deadline = time.monotonic() + self._patience
        wanted = self._token(since) if isinstance(since, bytes) else since
        reason = "no-token" if since is None else "unknown-token"
        keeper = self.keeper
        if not keeper.covered and self._answers_early(wanted, deadline):
            why = reason if wanted is None else self._journal.since(wanted)
            return self._everything(why if isinstance(why, str) else "restart")
        trouble = self.watcher.sync(deadline)
        if trouble or not keeper.built or keeper.recovering or keeper.must_compare:
            trouble = self._catch_up(trouble, wanted, deadline)
        if self.why_ended() is not None:
            trouble = "degraded"
        if trouble is not None:
            return self._everything(trouble)
        if wanted is self._journal.token and self._nothing_is_due():
            return Missed(wanted, [], None)  # by far the most frequent, so it takes no lock
        return self._missed(wanted, reason, deadline)

    def _nothing_is_due(self) -> bool:
        """Say whether an answer is no more than what changed; without the lock, after `sync`."""
        due = self._flush_wanted or self.verify_every or self._chronicle.is_due
        return not (due or self.watcher.unreadable() or self.keeper.reconciler.unanswered)

    def why_ended(self) -> str | None:
        """Return why the tree can't be watched any longer, if it can't."""
        if not leads_to(self.root, self._identity):
            self.gone("the directory was moved or replaced")  # of which no event tells
        return self.ended

    def _token(self, since: bytes) -> Token | None:
        if (token := Token.parse(since)) is None:
            self._note_time()
            token = self.timestamps.token_at(since)
        return token

    def _note_time(self) -> None:
        # What is compared with the index is told from when there is one.
        if self.keeper.covered and (self.keeper.built or not self.watcher.is_partial):
            self.timestamps.note(self._journal.settled)

    def _answers_early(self, wanted: Token | None, deadline: float) -> bool:
        """Say whether the answer is "everything", before the tree is covered.

        A small tree is waited for, as a token is worth more then.
        """
        known = self._is_known(wanted)
        wait = not (known or self.is_large)
        while wait and not self.keeper.covered and time.monotonic() < deadline:
            self.watcher.sync(time.monotonic() + _NAP)
            if self.watcher.counts().directories > _SMALL:
                break
            time.sleep(_NAP / 10)
        if self.keeper.covered:
            return False
        self.keeper.early_tokens = True  # before the token is taken, that this is about
        return not known

    def _catch_up(self, trouble: str | None, wanted: Token | None, deadline: float) -> str | None:
        """Have in the journal what is told by no event; return why that was in vain, if it was."""
        if not self.keeper.built and self.watcher.is_partial:
            self.keeper.early_tokens = True
        now = self._journal.token.sequence
        sequence = wanted.sequence if wanted is not None and self._is_known(wanted) else now
        if trouble in (None, "overflow") and self.keeper.must_wait(sequence):
            trouble = self.keeper.catch_up(deadline)
        return trouble

    def _is_known(self, token: Token | None) -> bool:
        return token is not None and token.session == self.session

    def _missed(self, wanted: Token | None, reason: str, deadline: float) -> Missed:
        if not self._look_at_new(deadline) or not self._take_lock(deadline):
            return self._everything("sync-timeout")
        try:
            if self.verify_every and self.queries % self.verify_every == 0:
                self.keeper.want_verification()
            return self._missed_locked(wanted, reason)
        finally:
            self._lock.release()

    def _take_lock(self, deadline: float) -> bool:
        return self._lock.acquire(blocking=False) or self._lock.acquire(
            timeout=max(deadline - time.monotonic(), 0)
        )

    def _look_at_new(self, deadline: float) -> bool:
        """Look at names that came; say whether that is done by the deadline, if it can be."""
        while self._chronicle.is_due:
            if not self._take_lock(deadline):
                return False
            try:
                late = min(deadline, time.monotonic() + _SLICE)
                if self._look_at_new_locked(late):
                    return True
                is_early = time.monotonic() < late
            finally:
                self._lock.release()
            if is_early or time.monotonic() >= deadline:
                return False  # it does not help to wait, or there is no time left
            time.sleep(_BREATH)
        return True

    def _look_at_new_locked(self, deadline: float) -> bool:
        was_settled = self._journal.settled is self._journal.token
        done = self._chronicle.look_at_new(deadline, indexed=self.keeper.built)
        if was_settled:
            self._journal.settle()  # that there are other names leaves nothing to be listed
        return done

    def _everything(self, reason: str) -> Missed:
        if not self.keeper.covered:
            self.keeper.early_tokens = True  # before the token is taken, that this is about
        return Missed(self._journal.settled, None, reason)

    def _missed_locked(self, wanted: Token | None, reason: str) -> Missed:
        if self._flush_wanted:
            self.begin_session("flush")
        # What is told may be newer; what is not settled is told once more.
        now = self._journal.settled
        if wanted is None:
            return Missed(now, None, reason)
        found = self._journal.since(wanted)
        if isinstance(found, str):
            return Missed(now, None, found)
        more = self.watcher.unreadable()
        for prefix in self.keeper.reconciler.unanswered:
            more += [prefix, prefix + ANY_NAME]
        if wanted.is_unsure:
            if not self.keeper.built:
                return Missed(now, None, "sync-timeout")  # soon all directories are known
            known = [*self._index.prefixes(), *self.watcher.watched()]
            more += [prefix + ANY_NAME for prefix in known]
        if more:
            found = list(dict.fromkeys([*found, *more]))
        return Missed(now, both(found) if TWO else found, None)

    def flush(self) -> Missed:
        """Forget all tokens, at the latest when the next query is answered."""
        self._flush_wanted = True
        self.keeper.early_tokens = True
        if self._lock.acquire(timeout=self._patience):
            try:
                self.begin_session("flush")
            finally:
                self._lock.release()
        return Missed(self._journal.settled, None, "flush")

    @property
    def session(self) -> str:
        """The name of the history that tokens are of now."""
        return self._journal.token.session

    def changed(self, paths: Collection[bytes]) -> None:
        """See Sink; the lock is held."""
        self._chronicle.record(paths)

    def came(self, paths: Iterable[bytes]) -> None:
        """See Sink; the lock is held."""
        self._chronicle.note_new(paths)

    def doubt(self, prefix: bytes) -> None:
        """See Sink; the lock is held."""
        self.keeper.note_doubt(prefix)

    def moved(self, old: bytes, new: bytes) -> None:
        """See Sink; the lock is held."""
        self._chronicle.note_moved(old, new)

    def settle(self, deadline: float) -> bool:
        """See Sink; the lock is held."""
        return not self.keeper.built or self._chronicle.look_ahead(deadline)

    def caught_up(self) -> None:
        """See Sink; the lock is held."""
        self._journal.settle()

    def lost(self, detail: str) -> None:
        """See Sink; the lock is held."""
        self.resyncs.note(detail)
        self.keeper.note_lost()

    def covered(self) -> None:
        """See Sink; the lock is held."""
        self.keeper.note_covered()
        self._journal.settle()
        self._note_time()

    def gone(self, detail: str) -> None:
        """See Sink; the lock may be held or not."""
        self.ended = detail
        self.on_end()

    def begin_session(self, reason: str) -> None:
        """See Owner; the lock is held."""
        self._flush_wanted = False
        self._journal.restart(_new_session(), reason)


def _new_session() -> str:
    return os.urandom(SESSION_DIGITS // 2).hex()
