"""Confirm differences that no event reported, before they are called missed."""

import time
from collections.abc import Callable

from fsmond.index.difference import Difference, Kind
from fsmond.monitor.paths import directory_of
from fsmond.monitor.tree_state import TreeState

SETTLE = 0.05  # seconds in which the event for a change already seen arrives
_TRIES = 5  # checks of a difference while directories above it move


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
        gone = each.kind is Kind.GONE
        if self._journal.has_changed(each.path, reported, or_above=gone):
            return False
        above = directory_of(each.path)
        if self._journal.has_changed(above, mark, or_above=True):
            return None
        if exists != gone:
            return True
        return not self._journal.has_changed(above, begin, or_above=True)
