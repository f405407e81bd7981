"""Bring the index, the journal and the tree together.

The rule that all of this keeps: whatever differs between a record of the index and the tree is in
the journal with a later sequence than `indexed`, or still in the watcher's queue, or was lost and
is not yet recovered, or is in an unwatched directory.  So:

- What differs when a record is replaced goes into the journal, unless it was told after `indexed`;
  if the directory is unwatched, in any case.
- `indexed` moves on only if no event was lost until the new records were made, and all events
  until then are in the journal.
- When events were lost, what was told after `indexed` is told once more: it may have changed again.
"""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from fsmond.daemon.chronicle import Chronicle
from fsmond.daemon.early import Early
from fsmond.daemon.paths import directories_of, directory_of, is_within
from fsmond.daemon.probes import Probes
from fsmond.daemon.recheck import SETTLE, Recheck
from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Index, Look
from fsmond.journal.history import Journal
from fsmond.watching.contract import Watcher

_SYNC = 0.02  # seconds for which the watcher may keep us, each time
_AHEAD = 1.0  # seconds; what is not known by then may be called a difference that it is not
_BREATH = 0.0002  # seconds in which others get the lock
_SLICE = 0.002  # seconds for which the lock is held to look at names that came
_WHOLE = (b"",)
_MANY = 50_000  # differences in one directory; if there are more, it is reported itself
_AT_ONCE = 1000  # paths, or files with several names, for which the lock is held; some ms
_INCOMPLETE = -1  # as a number of losses, which there never was


class _Found:
    """What looks at watched directories told."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.changing: list[bytes] = []
        """Directories in which names may have come and gone."""

    def take(self, look: Look) -> None:
        self.differences += look.differences
        if look.may_have_had_others:
            self.changing.append(look.prefix)


def _is_in(path: bytes, blind: frozenset[bytes]) -> bool:
    return bool(blind) and is_within(directory_of(path), blind)


class EndedError(Exception):
    """There is no time to go on: the monitor is stopped."""


class TooOldError(Exception):
    """More was told since the records were made than the journal keeps."""


class Reconciler:
    """Compares the tree with the index; all methods but `lost` on one thread, without the lock.

    `losses` is their number when all changes were told, before the method was called.  All raise
    OSError if the root can't be looked at, and then nothing is concluded; and EndedError soon after
    `ended` says so.
    """

    def __init__(
        self,
        index: Index,
        journal: Journal,
        chronicle: Chronicle,
        watcher: Watcher,
        lock: threading.Lock,
    ) -> None:
        self.ended = False
        """To be set, on any thread, when there is no time to go on."""
        self.scanned = 0
        """Unwatched directories in the last comparison: a figure for people."""
        self.compared = 0
        """Directories that were compared by now, while `verify` goes on."""
        self.losses = 0
        """How many times events were lost; guarded by the lock."""
        self.doubts: dict[bytes, int] = {}
        """Directories to be compared, without what is below; guarded by the lock, as what follows.

        Each with the number that it has as long as nobody doubts it anew.
        """
        self.unanswered: list[bytes] = []
        """Prefixes that were not compared in time; replaced, never changed: for any thread."""
        self._probes = Probes(index.root, self._record)  # they have threads: see `stop`
        self._recheck = Recheck(index, journal, lock, self._catch_up)
        self._departed: list[bytes] = []  # prefixes; used on our thread alone
        self._index = index
        self._journal = journal
        self._chronicle = chronicle
        self._watcher = watcher
        self._lock = lock  # guards journal, watcher and all below
        self._indexed = 0
        self._relinking: list[bytes] | None = None  # what changed of files that have several names

    @property
    def directories(self) -> int:
        """Return how many directories are known."""
        return len(self._index)

    def names_in(self, prefix: bytes) -> list[bytes]:
        """Return the paths of what is known to be in a directory."""
        return self._index.paths_in(prefix)

    @property
    def is_behind(self) -> bool:
        """Say whether anything was told that the index does not know; any thread."""
        told = self._journal.token.sequence != self._indexed
        return told or self._chronicle.misses_names

    def build(self, losses: int) -> Early | None:
        """Make all records, and report nothing; None if they don't hold, as events were lost."""
        begin, blind, remote = self._begin()
        seen = Early()
        if self._index.since is None:
            seen.give_up()  # it is not made for the first time
        for look in self._walk(_WHOLE, besides=blind):
            seen.take(look)
        self.scanned = 0
        for look in self._walk(blind - remote):
            seen.take(look)
            self.scanned += 1
        self._compare_remote(remote)
        self.scanned += self._probes.scanned
        if self._index.clock.went_back:
            seen.give_up()
        self._relinking = []
        if self._conclude(_Found(), losses, begin) is None:
            return None
        self._index.since = None
        return seen

    def recover(self, losses: int) -> bool:
        """Report what differs since the records were made; say whether no more was lost.

        Raises TooOldError if what was told since then can't be told once more.
        """
        with self._lock:
            told = self._journal.after(self._indexed)
            if told is None:
                raise TooOldError
            self._chronicle.record(told)
        begin, blind, remote = self._begin()
        for look in self._walk(_WHOLE, besides=blind):
            self._report(look, "overflow")
        self._compare_remote(remote)
        self._compare(blind - remote, "overflow")
        return self._advance(losses, begin)

    def compare_unwatched(self, losses: int) -> None:
        """Report what differs where no event tells of it."""
        begin, blind, remote = self._begin()
        with self._lock:
            shallow = self._shallow_locked()
        self._compare_remote(remote)
        self._compare(blind - remote)
        for prefix in shallow:
            if not is_within(prefix, blind):
                self._report(self._see(self._index.look(prefix)), None)  # names have events
        if b"" in blind:
            self._advance(losses, begin)
        elif self._relinking is not None:
            self._relink()

    def refresh(self, losses: int) -> list[Difference]:
        """Look at what is told to have changed; report, and return, what was not told."""
        with self._lock:
            begin = self._journal.token.sequence
            told, blind = self._journal.after(self._indexed), frozenset(self._watcher.unwatched())
            self._begin_generation_locked()
        self._forget_departed()
        if told is None:
            return self.verify(losses)
        found = _Found()
        try:
            for prefix in directories_of(told):
                if not blind or not is_within(prefix, blind):
                    found.take(self._see(self._index.look(prefix)))
        except OSError:
            self._conclude(found, _INCOMPLETE, begin)
            raise
        return self._conclude(found, losses, begin) or []

    def verify(self, losses: int) -> list[Difference]:
        """Compare all of the tree; report, and return, what events ought to have told."""
        begin, blind, remote = self._begin()
        self._compare_remote(remote)
        self._compare(blind - remote)
        found = _Found()
        for look in self._walk(_WHOLE, besides=blind):
            found.take(look)
            self.compared += 1
        self.compared = 0
        return self._conclude(found, losses, begin) or []

    def stop(self) -> None:
        """End the threads that are not held up, and are left to themselves if they are."""
        self.ended = True
        self._probes.stop()

    def _begin(self) -> tuple[int, frozenset[bytes], frozenset[bytes]]:
        """Begin a comparison of the whole tree, or at least of what is unwatched.

        Returns the sequence of now, what is unwatched, and which of that may never answer.
        """
        with self._lock:
            blind = frozenset(self._watcher.unwatched())
            remote = frozenset(self._watcher.remote())
            self._watcher.note_compared(blind)
            self._begin_generation_locked()
            begin = self._journal.token.sequence
        self._index.passed_over = remote
        self._forget_departed()
        return begin, blind, remote

    def _begin_generation_locked(self) -> None:
        self._chronicle.begin_generation()
        self._departed += self._watcher.take_departed()

    def _forget_departed(self) -> None:
        """Drop what is known of directories that left: that they did is told."""
        for prefix in self._departed:
            self._index.forget(prefix)
        self._departed.clear()

    def _walk(
        self, tops: Iterable[bytes], *, besides: frozenset[bytes] = frozenset()
    ) -> Iterator[Look]:
        for look in self._index.walk(tops, besides=besides):
            yield self._see(look)

    def _see(self, look: Look) -> Look:
        if self.ended:
            raise EndedError
        if look.has_links and look.differences:
            self._relinking = self._relinking or []
        return look

    def _compare_remote(self, remote: Collection[bytes]) -> None:
        """Compare what may never answer; what does not answer in time is `unanswered`."""
        self.unanswered = self._probes.compare(remote)

    def _compare(self, tops: Iterable[bytes], why: str = "degraded") -> None:
        scanned = self._probes.scanned
        for look in self._walk(tops):
            self._report(look, why)
            scanned += 1
        self.scanned = scanned

    def _report(self, look: Look, why: str | None) -> None:
        """Report what differs, and a directory in which names may have come and gone.

        Git may have taken such a name for one that it need not look at.  `why`: no event told of
        them; None if events did.
        """
        changed_names = why is not None and look.may_have_had_others
        if not look.differences and not changed_names:
            return
        paths = [each.path for each in look.differences]
        if len(paths) > _MANY and look.prefix:
            paths = [look.prefix, *paths[:1]]  # a name in it has Git list it anew
        if why is not None and changed_names:
            with self._lock:
                self._report_directory_locked(look.prefix, why)
        self._record(paths)
        if self._relinking is not None and look.has_links:
            self._relinking += paths

    def _record(self, paths: Sequence[bytes]) -> None:
        for at in range(0, len(paths), _AT_ONCE):
            with self._lock:
                self._chronicle.record(paths[at : at + _AT_ONCE])

    def _report_directory_locked(self, prefix: bytes, why: str) -> None:
        if prefix:
            self._journal.record((prefix,))  # other names of what is in it did not change
        else:
            self._journal.void(why)

    def _relink(self) -> None:
        """Find anew which files have several names, if any may have others than before."""
        with self._lock:
            if self._relinking is None and not self._chronicle.wants_links:
                return
            known = self._chronicle.linked()
        files = iter(self._index.links(known).items())
        while some := dict(islice(files, _AT_ONCE)):
            with self._lock:
                self._chronicle.relink(some)
        with self._lock:
            self._chronicle.relinked(self._relinking or ())
        self._relinking = None

    def _conclude(self, found: "_Found", losses: int, begin: int) -> list[Difference] | None:
        """Report what was not told; return it, or None if events were lost on the way.

        What was seen while directories moved is reported, but not returned if events told of that.
        """
        self._catch_up(losses)
        if self._untold(found):
            time.sleep(SETTLE)
            self._catch_up(losses)
            self._look_ahead()
        with self._lock:
            blind = frozenset(self._watcher.unwatched())  # more than in the beginning, it may be
            shallow = self._shallow_locked()
            untold = self._untold_locked(found, blind)
            unseen = [
                each
                for each in found.differences
                if _is_in(each.path, blind) or directory_of(each.path) in shallow
            ]
            self._chronicle.record([each.path for each in (*untold, *unseen)])
            for prefix in found.changing:
                if blind and is_within(prefix, blind):
                    self._report_directory_locked(prefix, "degraded")
            told = self._journal.token.sequence
        lasting = self._recheck.lasting(untold, losses, begin, told)
        return lasting if self._advance(losses, begin) else None

    def _look_ahead(self) -> None:
        """Have it known by which names else what came is known: they have changed as well.

        Not for longer than a second, as names may come without an end.
        """
        done, late = False, time.monotonic() + _AHEAD
        while not done and time.monotonic() < late:
            if self.ended:
                raise EndedError
            with self._lock:
                done = self._chronicle.look_ahead(time.monotonic() + _SLICE)
            time.sleep(_BREATH)

    def _shallow_locked(self) -> set[bytes]:
        """Return the directories in which, but not below, changes are not told by events."""
        return {*self.doubts, *self._watcher.unsure()}

    def _untold(self, found: "_Found") -> list[Difference]:
        with self._lock:
            return self._untold_locked(found, frozenset(self._watcher.unwatched()))

    def _untold_locked(self, found: "_Found", blind: frozenset[bytes]) -> list[Difference]:
        """Return what no event told of since the records were made, and one should have."""
        shallow = self._shallow_locked()
        return [
            each
            for each in found.differences
            if each.is_certain
            and not _is_in(each.path, blind)
            and directory_of(each.path) not in shallow
            and not self._is_told_locked(each)
        ]

    def _is_told_locked(self, difference: Difference) -> bool:
        # What went with a directory is told by that.  What came to one is not: Git needs its name.
        gone = difference.kind is Kind.GONE
        return self._journal.has_changed(difference.path, self._indexed, or_above=gone)

    def _advance(self, losses: int, begin: int) -> bool:
        """Call the records true as of `begin`, unless events were lost since then."""
        self._relink()
        with self._lock:
            if losses == self.losses:
                self._indexed = begin
                self._chronicle.end_generation()
            return losses == self.losses

    def _catch_up(self, losses: int) -> None:
        """Have all that was queued until now in the journal, unless events are lost."""
        patience = _SYNC
        while self._watcher.sync(time.monotonic() + patience) is not None and losses == self.losses:
            if self.ended:
                raise EndedError
            time.sleep(_SYNC)
            patience = 10 * _SYNC  # where events come late, none would come in less
