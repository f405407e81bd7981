"""Bring the index, the journal and the tree together.

The invariant: each difference between a record of the index and the tree is in the journal with a
sequence after `indexed`, or still in the watcher's queue, or was lost and is not recovered yet, or
is in an unwatched directory.  So:

- When a record is replaced, each difference goes into the journal, unless it was reported after
  `indexed`; in an unwatched directory it always does.
- `indexed` advances only if no event was lost before the new records were complete, and all events
  until then are in the journal.
- When events were lost, what was reported after `indexed` is reported again: it may have changed
  again.  So is what is below a directory that came or went after `indexed`: back in its place it
  differs from no record, but a client may have been told that it is gone.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from fsmond.index.difference import ANY_NAME, Difference
from fsmond.index.tree import Comparison
from fsmond.monitor.early_tokens import EarlyTokens
from fsmond.monitor.kinds import Names, check_presence, moved_after, note_names, presence_in
from fsmond.monitor.probes import Probes
from fsmond.monitor.sharing import Sharing
from fsmond.monitor.tree_state import StoppedError, TreeState
from fsmond.monitor.verification import SETTLE, Confirmation, Findings, is_reported
from fsmond.paths import directories_of, directory_of, is_below, is_within
from fsmond.watching.contract import PRESENT

OVERFLOW, RESTART = "overflow", "restart"  # why changes were not reported
_SYNC_TIMEOUT = 0.02  # seconds that one `sync` of the watcher may take
_CHECK_AHEAD = 1.0  # seconds; names not checked by then may be called unreported wrongly
_LOCK_GAP = 0.0002  # seconds in which other threads get the lock
_SLICE = 0.002  # seconds for which the lock is held to check new names
_WHOLE = (b"",)
_MANY = 50_000  # differences in one directory; if there are more, the directory is reported instead
_AT_ONCE = 1000  # paths, or files with several names, for which the lock is held once; a few ms
_INCOMPLETE = -1  # a number of losses that never occurs


class TooOldError(Exception):
    """More was reported since the records were made than the journal keeps."""


class Reconciler:
    """Compares the tree with the index, on the index worker's thread, without the lock.

    `losses` is `TreeState.losses`, as read before the call while all changes were reported.  All
    methods raise OSError if the root cannot be read, and then nothing is concluded; and
    StoppedError soon after the tree `is_stopping`.
    """

    def __init__(self, tree: TreeState) -> None:
        self.scanned = 0
        """Unwatched directories in the last comparison: a figure for people."""
        self.compared = 0
        """Directories compared so far, while `verify` runs: a figure for people."""
        self._tree = tree
        self._probes = Probes(tree.index.root, self._record)  # they have threads: see `stop`
        self._confirmation = Confirmation(tree, self._catch_up)
        self._sharing = Sharing(tree)
        self._removed: list[bytes] = []  # prefixes of directories whose records are to be dropped
        self._index = tree.index
        self._journal = tree.journal
        self._recorder = tree.recorder
        self._watcher = tree.watcher
        self._lock = tree.lock  # guards the journal, the recorder, the watcher and `indexed`
        self._reported_in: set[bytes] = set()  # prefixes of what `recover` reported once more
        self._moved: set[bytes] = set()  # directories below which `recover` reports everything
        self._linked_changes: list[bytes] | None = None  # changed files that have several names

    @property
    def directories(self) -> int:
        """How many directories are known."""
        return len(self._index)

    @property
    def is_behind(self) -> bool:
        """Whether anything was reported that the index does not have; any thread."""
        has_news = self._journal.token.sequence != self._tree.indexed
        return has_news or self._recorder.misses_names

    def build(self, losses: int) -> EarlyTokens | None:
        """Make all records and report nothing; None if events were lost, so they do not hold."""
        begin, unwatched, remote = self._begin()
        early = EarlyTokens()
        if self._index.since is None:
            early.give_up()  # this is not the first time
        for comparison in map(self._checked, self._sharing.make(skip=unwatched)):
            early.take(comparison)
        self.scanned = 0
        for comparison in self._walk(unwatched - remote):
            early.take(comparison)
            self.scanned += 1
        self._compare_remote(remote)
        self.scanned += self._probes.scanned
        if self._index.clock.went_back:
            early.give_up()
        self._linked_changes = []
        if self._conclude(Findings(), losses, begin) is None:
            return None
        self._index.since = None
        return early

    def restore(self, indexed: int, records: Mapping[bytes, bytes]) -> None:
        """Take over stored records, which are true as of `indexed`; call `recover` next.

        Raise OSError if the root cannot be read.
        """
        self._index.restore(records)
        self._linked_changes = []
        self._relink()  # an event carries one name of a file that has several
        self._linked_changes = []
        with self._lock:
            self._tree.indexed = indexed
            self._watcher.expect(self._index.known_in)
        self._sharing.prepare()  # while the tree is being watched

    def recover(self, losses: int, why: str) -> bool:
        """Report what differs from the records; return whether no more events were lost.

        `why`: OVERFLOW, or RESTART if the records were restored.  Raise TooOldError if what was
        reported since then cannot be reported again.
        """
        with self._lock:
            reported = self._journal.after(self._tree.indexed)
            if reported is None:
                raise TooOldError
            self._recorder.record(reported)
            self._moved = moved_after(self._tree, reported, self._tree.indexed)
        check_presence(self._tree, reported)
        self._reported_in = set(map(directory_of, reported))
        begin, unwatched, remote = self._begin()
        found: list[bytes] = []  # directories that may have no watch, as they were not known
        for comparison in map(self._checked, self._sharing.walk(skip=unwatched)):
            self._report(comparison, why)
            if why == RESTART and comparison.differences:
                found += [prefix for prefix, _ in comparison.subdirectories]
        if found:
            with self._lock:
                self._watcher.note_found(found)
            self._catch_up(losses)
        self._compare_remote(remote)
        self._compare(unwatched - remote, why)
        self._moved = set()
        return self._advance_indexed(losses, begin)

    def compare_unwatched(self, losses: int) -> None:
        """Report what differs where events do not report it."""
        begin, unwatched, remote = self._begin()
        with self._lock:
            to_recheck = self._to_recheck_locked()
        self._compare_remote(remote)
        self._compare(unwatched - remote)
        for prefix in to_recheck:
            if not is_within(prefix, unwatched):
                # Without a reason: events report the names there.
                self._report(self._checked(self._index.compare(prefix)), None)
        if b"" in unwatched:
            self._advance_indexed(losses, begin)
        elif self._linked_changes is not None:
            self._relink()

    def refresh(self, losses: int) -> list[Difference]:
        """Compare where changes were reported; report, and return, what was not reported."""
        with self._lock:
            begin = self._journal.token.sequence
            reported = self._journal.after(self._tree.indexed)
            unwatched = frozenset(self._watcher.unwatched())
            self._begin_generation_locked()
        self._forget_removed()
        if reported is None:
            return self.verify(losses)
        found = Findings()
        try:
            for prefix in directories_of(reported):
                if not unwatched or not is_within(prefix, unwatched):
                    found.take(self._checked(self._index.compare(prefix)))
        except OSError:
            self._conclude(found, _INCOMPLETE, begin)
            raise
        return self._conclude(found, losses, begin) or []

    def verify(self, losses: int) -> list[Difference]:
        """Compare the whole tree; report, and return, what events should have reported."""
        begin, unwatched, remote = self._begin()
        self._compare_remote(remote)
        self._compare(unwatched - remote)
        found = Findings()
        for comparison in self._walk(_WHOLE, skip=unwatched):
            found.take(comparison)
            self.compared += 1
        self.compared = 0
        return self._conclude(found, losses, begin) or []

    def stop(self) -> None:
        """End the helper, and the probes' threads unless they are blocked.  Any thread."""
        self._sharing.stop()
        self._probes.stop()

    def _begin(self) -> tuple[int, frozenset[bytes], frozenset[bytes]]:
        """Begin a comparison of the whole tree, or at least of what is unwatched.

        Return the current sequence, what is unwatched, and which of that may never answer.
        """
        with self._lock:
            unwatched = frozenset(self._watcher.unwatched())
            remote = frozenset(self._watcher.remote())
            self._watcher.before_comparison(unwatched)
            self._begin_generation_locked()
            begin = self._journal.token.sequence
        self._index.skipped = remote
        self._forget_removed()
        return begin, unwatched, remote

    def _begin_generation_locked(self) -> None:
        self._recorder.begin_generation()
        self._removed += self._watcher.take_removed()

    def _forget_removed(self) -> None:
        """Drop the records of directories that were removed: events reported that."""
        for prefix in self._removed:
            self._index.forget(prefix)
        self._removed.clear()

    def _walk(
        self, tops: Iterable[bytes], *, skip: frozenset[bytes] = frozenset()
    ) -> Iterator[Comparison]:
        for comparison in self._index.walk(tops, skip=skip):
            yield self._checked(comparison)

    def _checked(self, comparison: Comparison) -> Comparison:
        """Return it; raise StoppedError if it is time to stop; note that hard links changed."""
        if self._tree.is_stopping:
            raise StoppedError
        if comparison.has_links and comparison.differences:
            self._linked_changes = self._linked_changes or []
        return comparison

    def _compare_remote(self, remote: Collection[bytes]) -> None:
        """Compare what may never answer; what does not answer in time is `unanswered`."""
        self._tree.unanswered = self._probes.compare(remote)

    def _compare(self, tops: Iterable[bytes], why: str = "degraded") -> None:
        scanned = self._probes.scanned
        for comparison in self._walk(tops):
            self._report(comparison, why)
            scanned += 1
        self.scanned = scanned

    def _report(self, comparison: Comparison, why: str | None) -> None:
        """Report differences, and a directory in which names may have appeared and vanished.

        Git may have recorded such a name as one that it need not check.  `why` is the reason for
        which no event reported the names; None if events did.
        """
        changed_names = why is not None and comparison.may_have_had_transient_names
        names = presence_in(comparison.differences)
        if self._moved and is_within(comparison.prefix, self._moved):
            names = dict.fromkeys(self._index.paths_in(comparison.prefix), PRESENT) | names
        if not names and not changed_names:
            return
        paths = list(names)
        is_early = self._tree.has_early_tokens and comparison.names_changed
        if changed_names and why == RESTART and not is_early:
            # No client was answered meanwhile.  One that asked just before may have seen a name
            # that is gone by now; if any name differs, Git lists the directory again.
            changed_names = False
            if comparison.prefix not in self._reported_in:
                paths = paths or [comparison.prefix + ANY_NAME]
        if len(paths) > _MANY and comparison.prefix:
            paths = [comparison.prefix, *paths[:1]]  # a name in it makes Git list it again
        if why is not None and changed_names:
            with self._lock:
                self._report_directory_locked(comparison.prefix, why)
        self._record(paths, names)
        if self._linked_changes is not None and comparison.has_links:
            self._linked_changes += paths

    def _record(self, paths: Sequence[bytes], names: Names) -> None:
        for at in range(0, len(paths), _AT_ONCE):
            some = paths[at : at + _AT_ONCE]
            with self._lock:
                self._recorder.record(some)
                note_names(self._tree, {path: names[path] for path in some if path in names})

    def _report_directory_locked(self, prefix: bytes, why: str) -> None:
        if prefix:
            self._journal.record((prefix,))  # other names of what is in it did not change
        else:
            self._journal.void(why)

    def _relink(self) -> None:
        """Search all files with several names again, if any may have other names than before."""
        with self._lock:
            if self._linked_changes is None and not self._recorder.needs_relink:
                return
            known = self._recorder.linked_inodes()
        files = iter(self._index.links(known).items())
        while some := dict(islice(files, _AT_ONCE)):
            with self._lock:
                self._recorder.relink(some)
        with self._lock:
            self._recorder.finish_relink(self._linked_changes or ())
        self._linked_changes = None

    def _conclude(self, found: Findings, losses: int, begin: int) -> list[Difference] | None:
        """Report what was not reported; return it, or None if events were lost meanwhile.

        What was found while directories moved is reported, but not returned if events reported the
        moves.
        """
        self._catch_up(losses)
        if self._unreported(found):
            time.sleep(SETTLE)
            self._catch_up(losses)
            self._check_ahead()
        with self._lock:
            unwatched = frozenset(self._watcher.unwatched())  # may be more than at the beginning
            to_recheck = self._to_recheck_locked()
            unreported = self._unreported_locked(found, unwatched)
            without_events = [
                each
                for each in found.differences
                if is_below(each.path, unwatched) or directory_of(each.path) in to_recheck
            ]
            missing = [*unreported, *without_events]
            self._recorder.record([each.path for each in missing])
            note_names(self._tree, presence_in(missing))
            for prefix in found.changing:
                if unwatched and is_within(prefix, unwatched):
                    self._report_directory_locked(prefix, "degraded")
            reported = self._journal.token.sequence
        confirmed = self._confirmation.confirmed(unreported, losses, begin, reported)
        return confirmed if self._advance_indexed(losses, begin) else None

    def _check_ahead(self) -> None:
        """Find the other names of files that got new names: those changed as well.

        For at most a second, as there may be new names without end.
        """
        done, late = False, time.monotonic() + _CHECK_AHEAD
        while not done and time.monotonic() < late:
            if self._tree.is_stopping:
                raise StoppedError
            with self._lock:
                done = self._recorder.check_ahead(time.monotonic() + _SLICE)
            time.sleep(_LOCK_GAP)

    def _to_recheck_locked(self) -> set[bytes]:
        """Return the directories in which, but not below, events do not report all changes."""
        return {*self._tree.to_recheck, *self._watcher.partly_watched()}

    def _unreported(self, found: Findings) -> list[Difference]:
        with self._lock:
            return self._unreported_locked(found, frozenset(self._watcher.unwatched()))

    def _unreported_locked(self, found: Findings, unwatched: frozenset[bytes]) -> list[Difference]:
        """Return what no event reported since the records were made, though one should have."""
        to_recheck = self._to_recheck_locked()
        return [
            each
            for each in found.differences
            if each.is_certain
            and not is_below(each.path, unwatched)
            and directory_of(each.path) not in to_recheck
            and not is_reported(each, self._journal, self._tree.indexed)
        ]

    def _advance_indexed(self, losses: int, begin: int) -> bool:
        """Declare the records true as of `begin`; return False if events were lost since then."""
        self._relink()
        store = self._tree.store
        changed = store and self._index.take_changed(everything=store.wants_everything)
        with self._lock:
            is_done = losses == self._tree.losses
            if is_done:
                self._tree.indexed = begin
                self._index.unconfirmed.clear()
                self._recorder.end_generation()
                if store and changed:
                    store.note_index(begin, changed)
        if is_done:
            self._index.end_restore()
        elif store:
            self._index.note_all_changed()
        return is_done

    def _catch_up(self, losses: int) -> None:
        """Put all events queued until now into the journal, unless events are lost."""
        timeout = _SYNC_TIMEOUT
        while self._watcher.sync(time.monotonic() + timeout) is not None:
            if losses != self._tree.losses:
                return
            if self._tree.is_stopping:
                raise StoppedError
            time.sleep(_SYNC_TIMEOUT)
            timeout = 10 * _SYNC_TIMEOUT  # where events arrive late, none would arrive in less
