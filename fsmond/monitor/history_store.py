"""Store the history of a tree, so that tokens stay valid when the process ends.

What is stored is an index as of a sequence, and the journal up to the same or a later one.  For a
token that is no newer than the stored journal, what changed is in the stored journal, or was
reported after the stored index and is reported again, or differs from the stored index: see
`Reconciler.recover`.  That holds whatever the process did after it was stored.

So a query waits for nothing here.  The journal is stored within a second, as tokens are issued all
the time; the records of the index less often, as that costs more bytes.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from fsmond.index.tree import Changed
from fsmond.journal.history import Entries, Summary
from fsmond.monitor.tree_state import TreeState
from fsmond.printable import message_of
from fsmond.storage import format as format_
from fsmond.storage.file import BusyError, HistoryFile, RefusedError, UnusableError
from fsmond.storage.format import Stored

_LOCK_TIMEOUT = 3.0  # seconds in which a process that ends has stored its history
_LOCK_INTERVAL = 0.02  # seconds between two attempts to lock
_RECORDS_RATE = 200_000  # bytes of records a second, on average, that a busy tree may cost
# The file is replaced when it has grown by its size, or by at least, and at most, so many bytes.
_MIN_GROWTH, _MAX_GROWTH = 1 << 20, 16 << 20
_SYNC_INTERVAL = 60.0  # seconds between two syncs to the disk; what a power failure may cost
_RETRY_INTERVAL = 60.0  # seconds after a failure, such as a full disk
_JOIN_TIMEOUT = 2.0  # seconds to store what is new at the end

# What `append` fails with if another program removed or changed the file.
_NOT_OURS = (errno.ENOENT, errno.ESTALE, errno.ELOOP, errno.EISDIR, errno.ENXIO)

_TYPES = [str, int, int, int, str, dict, dict]  # of the fields of a summary

_log = logging.getLogger(__name__)


class HistoryStatus(NamedTuple):
    """What is stored, for people and programs."""

    stored: bool
    path: str | None
    bytes: int
    age_seconds: float | None
    loaded: bool
    reason: str | None


def not_stored(reason: str) -> HistoryStatus:
    """Return the status if there is no store at all."""
    return HistoryStatus(False, None, 0, None, False, reason)


class HistoryStore:
    """Has one thread, `fsmond-history`, started by `start` and joined by `stop`."""

    def __init__(self, tree: TreeState, file: HistoryFile) -> None:
        self.is_allowed: Callable[[], bool] = lambda: True
        """Whether anything may be written now; called on the thread."""
        self._tree = tree
        self._file = file
        self._lock = tree.lock  # guards the journal and what follows, unless noted
        self._pending: dict[bytes, bytes | None] = {}  # records that are not stored yet
        self._pending_indexed = 0  # the sequence as of which they are true
        self._is_everything = False  # whether they are all records of the index
        self._must_replace = True  # whether there is no valid file to append to
        self._is_stopping = False
        # The rest belongs to the thread, or to `load` before there is one; others read flags.
        self._loaded = False
        self._reason: str | None = None
        self._is_usable = True
        self._indexed = 0  # the stored index is true as of this sequence
        self._saved: tuple[str, int] | None = None  # session and sequence of the stored journal
        self._saved_kept = 0  # the version of what else was stored
        self._stored_at: float | None = None  # seconds since the epoch
        self._records_from = self._not_before = self._synced_at = 0.0  # of time.monotonic
        self._has_failed = False  # whether the last attempt failed
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fsmond-history", daemon=True)

    @property
    def is_there(self) -> bool:
        """Whether there is a file, usable or not; any thread."""
        return self._file.exists()

    @property
    def wants_everything(self) -> bool:
        """Whether the next `note_index` should have all records; any thread."""
        growth = max(_MIN_GROWTH, min(self._file.base, _MAX_GROWTH))
        return self._must_replace or self._file.size > self._file.base + growth

    def load(self) -> tuple[Summary, int, Stored] | None:
        """Return what is stored, and the sequence of its index; None if it is not to be used.

        May take seconds.  Called once, before `start`.
        """
        try:
            if self._is_usable and self._open():
                stored = self._file.read()
                return None if stored is None else self._checked(stored)
        except UnusableError as error:
            self._is_usable = False
            self._reason = str(error)
            _log.warning("no history is stored: %s", error)
        except RefusedError as error:
            self.refuse(str(error))
        return None

    def refuse(self, reason: str) -> None:
        """Note why what was stored is not used; it is replaced.  Called before `start`."""
        self._loaded, self._must_replace = False, True
        self._indexed, self._saved, self._stored_at = 0, None, None
        self._reason = reason
        _log.warning("the stored history is not used: %s", reason)

    def start(self) -> None:
        """Begin to store what is noted."""
        if self._is_usable and not self._tree.is_stopping:
            self._thread.start()

    def stop(self, *, save: bool) -> None:
        """End the thread, after it has stored what is new if `save`.  Harmless when repeated."""
        if not save:
            self._is_usable = False
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_TIMEOUT)
        if not self._thread.is_alive():
            self._file.close()

    def note_index(self, indexed: int, changed: Changed) -> None:
        """Take records that are true as of a sequence; the lock is held."""
        if changed.is_everything:
            self._pending, self._is_everything = changed.records, True
        else:
            self._pending.update(changed.records)
        self._pending_indexed = indexed

    def tick(self) -> None:
        """Have the thread store what is new, if anything is; to be called twice a second."""
        token, now = self._tree.journal.token, time.monotonic()
        is_new = (token.session, token.sequence) != self._saved
        is_new = is_new or self._tree.kept.version != self._saved_kept
        if now >= self._not_before and (is_new or (self._pending and now >= self._records_from)):
            self._wake.set()

    def status(self) -> HistoryStatus:
        """Return what is stored; any thread."""
        age = None if self._stored_at is None else max(0.0, time.time() - self._stored_at)
        is_stored = self._is_usable and self._stored_at is not None and not self._must_replace
        path = self._file.path if self._is_usable else None
        return HistoryStatus(is_stored, path, self._file.size, age, self._loaded, self._reason)

    def _open(self) -> bool:
        """Lock the folder; wait for a process that is about to end.  Return whether to go on."""
        deadline = time.monotonic() + _LOCK_TIMEOUT
        while not self._tree.is_stopping:
            try:
                self._file.open()
            except BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_INTERVAL)
            else:
                return True
        return False

    def _checked(self, stored: Stored) -> tuple[Summary, int, Stored]:
        state = dict(stored.state)
        try:
            indexed, written = int(str(state.pop("indexed"))), int(str(state.pop("time")))
            cursors, ignore_rules = state.pop("cursors"), state.pop("ignore_rules")
            summary = Summary(**cast(dict[str, Any], state))
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(f"it is damaged: {error}") from error
        if [type(each) for each in summary] != _TYPES:
            raise RefusedError("it is damaged: a field has another type")
        if not (_is_texts(cursors) and isinstance(ignore_rules, str)):
            raise RefusedError("it is damaged: a field has another type")
        if written > time.time_ns():
            raise RefusedError("the clock was set back since it was written")
        with self._lock:
            kept = self._tree.kept
            kept.cursors = {**cast(dict[str, str], cursors), **kept.cursors}
            kept.ignore_rules = kept.ignore_rules or ignore_rules
        self._stored_at = written / 1e9
        self._indexed, self._saved = indexed, (summary.session, summary.sequence)
        self._loaded, self._must_replace = True, False
        return summary, indexed, stored

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._wake.wait()
                self._wake.clear()
                if not self._is_stopping:
                    self._save()
            self._save(is_last=True)
        except Exception as error:  # noqa: BLE001 - it is logged, and the tree is watched all the same
            _log.exception("the history is no longer stored")
            self._is_usable, self._reason = False, f"it failed: {error!r}"

    def _save(self, *, is_last: bool = False) -> None:
        if not (self._is_usable and self.is_allowed()):
            return
        with self._lock:
            is_due = time.monotonic() >= self._records_from
            batch = self._take_locked(with_records=is_last or is_due)
        if batch is None:
            return
        before = self._file.written
        try:
            (self._file.replace if batch.replaces else self._file.append)(batch.pieces())
            if is_last or time.monotonic() > self._synced_at + _SYNC_INTERVAL:
                self._file.sync()
                self._synced_at = time.monotonic()
        except (OSError, UnusableError) as error:
            self._fail(error, batch)
            return
        if batch.records:
            now = time.monotonic()
            self._records_from = now + (self._file.written - before) / _RECORDS_RATE
        self._indexed, self._saved = batch.indexed, batch.point
        self._saved_kept = batch.kept_version
        self._stored_at = batch.written / 1e9
        self._must_replace = self._must_replace and not batch.replaces
        if self._has_failed:
            self._has_failed, self._reason = False, None
            _log.info("the history is stored again")

    def _take_locked(self, *, with_records: bool) -> "_Batch | None":
        """Take what is new; return None if there is nothing that a history could begin with."""
        if self._must_replace and not (self._is_everything and with_records):
            return None
        journal, replaces = self._tree.journal, self._is_everything and with_records
        since = -1 if replaces or self._saved is None else self._saved[1]
        records: dict[bytes, bytes | None] = {}
        indexed = self._indexed
        if with_records:
            records, self._pending, self._is_everything = self._pending, {}, False
            indexed = max(indexed, self._pending_indexed)
        kept = self._tree.kept
        state = {
            **journal.summary()._asdict(),
            "cursors": dict(kept.cursors),
            "ignore_rules": kept.ignore_rules,
        }
        return _Batch(
            state,
            journal.entries_after(since),
            records,
            journal.token[:2],
            indexed,
            time.time_ns(),
            kept.version,
            replaces,
        )

    def _fail(self, error: OSError | UnusableError, batch: "_Batch") -> None:
        """Note that nothing could be stored; what was stored before is still valid."""
        with self._lock:
            if not self._is_everything:  # or there are newer records of everything by now
                self._pending = {**batch.records, **self._pending}
                self._is_everything = batch.replaces
            if isinstance(error, OSError) and error.errno in _NOT_OURS:
                self._must_replace = True
        self._is_usable = not isinstance(error, UnusableError)
        self._not_before = time.monotonic() + _RETRY_INTERVAL
        self._reason = message_of(error) if isinstance(error, OSError) else str(error)
        if not self._has_failed:
            _log.warning("the history cannot be stored: %s", self._reason)
        self._has_failed = True


def _is_texts(found: object) -> bool:
    """Return whether it is a JSON object whose values are text."""
    return isinstance(found, dict) and all(isinstance(each, str) for each in found.values())


class _Batch(NamedTuple):
    """What is stored by one transaction."""

    state: dict[str, object]
    """The journal's summary, and what else is kept."""
    entries: Entries
    records: dict[bytes, bytes | None]
    point: tuple[str, int]
    """Session and sequence of the journal."""
    indexed: int
    written: int
    """The time, in nanoseconds since the epoch."""
    kept_version: int
    replaces: bool
    """Whether all that was stored before is replaced."""

    def pieces(self) -> Iterator[bytes]:
        """Yield what to write."""
        paths, sequences, lifetimes = self.entries
        yield from format_.changes(paths[::-1], sequences[::-1], lifetimes[::-1])
        yield from format_.records(self.records)
        yield format_.end({**self.state, "indexed": self.indexed, "time": self.written})
