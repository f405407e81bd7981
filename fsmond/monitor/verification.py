"""What events should have reported and did not: confirm it, and tell people."""

import logging
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Comparison
from fsmond.journal.history import Journal
from fsmond.monitor.tree_state import TreeState
from fsmond.paths import directory_of

SETTLE = 0.05  # seconds in which the event for a change already seen arrives
_NAMED = 20  # differences that are logged by name
_TRIES = 5  # checks of a difference while directories above it move

_log = logging.getLogger(__name__)


def is_reported(difference: Difference, journal: Journal, sequence: int) -> bool:
    """Return whether a difference was reported after a sequence.

    The report of a removed directory covers what was in it.  The report of a new one does not: Git
    needs the names in it.
    """
    gone = difference.kind is Kind.GONE
    return journal.has_changed(difference.path, sequence, or_above=gone)


class Findings:
    """What comparisons of watched directories found."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.changing: list[bytes] = []
        """Directories in which names may have appeared and vanished again."""

    def take(self, comparison: Comparison) -> None:
        """Add what one comparison found."""
        self.differences += comparison.differences
        if comparison.may_have_had_transient_names:
            self.changing.append(comparison.prefix)


class Confirmation:
    """Confirms differences, on the index worker's thread, which does not hold the lock.

    `catch_up` puts all events queued until then into the journal, unless events are lost.
    """

    def __init__(self, tree: TreeState, catch_up: Callable[[int], None]) -> None:
        self._index = tree.index
        self._journal = tree.journal
        self._lock = tree.lock  # guards the journal
        self._catch_up = catch_up

    def confirmed(
        self, unreported: list[Difference], losses: int, begin: int, reported: int
    ) -> list[Difference]:
        """Return those that still hold after all events are read, where no directory moves.

        `reported` is the sequence after the differences were recorded.
        """
        confirmed: list[Difference] = []
        for _ in range(_TRIES):
            if not unreported:
                break
            with self._lock:
                mark = self._journal.token.sequence
            existing = [self._index.exists(each.path) for each in unreported]
            time.sleep(SETTLE)
            self._catch_up(losses)
            pending = []
            for each, exists in zip(unreported, existing, strict=True):
                with self._lock:
                    holds = self._holds_locked(each, (begin, reported, mark), exists=exists)
                if holds is None:
                    pending.append(each)
                elif holds:
                    confirmed.append(each)
            unreported = pending
        return confirmed

    def _holds_locked(
        self, each: Difference, since: tuple[int, int, int], *, exists: bool
    ) -> bool | None:
        """Return whether a difference is still unreported; None if that cannot be decided now."""
        begin, reported, mark = since
        if is_reported(each, self._journal, reported):
            return False
        above = directory_of(each.path)
        if self._journal.has_changed(above, mark, or_above=True):
            return None
        if exists != (each.kind is Kind.GONE):
            return True
        return not self._journal.has_changed(above, begin, or_above=True)


class VerificationResult(NamedTuple):
    """Whether events reported everything that changed."""

    differences: list[Difference]
    """Those that events should have reported, and did not."""
    directories: int
    seconds: float

    def to_object(self) -> dict[str, object]:
        """Return it for JSON; a path that is not UTF-8 gets surrogate escapes."""
        return {
            "differences": [
                {"path": os.fsdecode(each.path), "kind": each.kind.value}
                for each in self.differences
            ],
            "directories": self.directories,
            "seconds": round(self.seconds, 3),
        }

    def log(self) -> None:
        """Log a warning if there are differences."""
        if self.differences:
            some = self.differences[:_NAMED]
            named = ", ".join(f"{each.kind.value} {os.fsdecode(each.path)!r}" for each in some)
            _log.warning("no event reported %d changes: %s", len(self.differences), named)
