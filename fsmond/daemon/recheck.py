"""Look again at what no event told of, before anybody is alarmed by it."""

import threading
import time
from collections.abc import Callable

from fsmond.daemon.paths import directory_of
from fsmond.index.difference import Difference, Kind
from fsmond.index.tree import Index
from fsmond.journal.history import Journal

SETTLE = 0.05  # seconds in which the event comes of a change that was seen already
_TRIES = 5  # looks at what no event told of, while directories move there


class Recheck:
    """Used on one thread, without the lock.

    `catch_up` has all in the journal that was queued until then, unless events are lost.
    """

    def __init__(
        self,
        index: Index,
        journal: Journal,
        lock: threading.Lock,
        catch_up: Callable[[int], None],
    ) -> None:
        self._index = index
        self._journal = journal
        self._lock = lock  # guards the journal
        self._catch_up = catch_up

    def lasting(
        self, untold: list[Difference], losses: int, begin: int, told: int
    ) -> list[Difference]:
        """Return those that still hold when all events are taken in, and nothing moves there.

        `told`: the sequence after they were reported.
        """
        lasting: list[Difference] = []
        for _ in range(_TRIES):
            if not untold:
                break
            with self._lock:
                mark = self._journal.token.sequence
            there = [self._index.is_there(each.path) for each in untold]
            time.sleep(SETTLE)
            self._catch_up(losses)
            pending = []
            for each, is_there in zip(untold, there, strict=True):
                with self._lock:
                    holds = self._holds_locked(each, (begin, told, mark), is_there=is_there)
                if holds is None:
                    pending.append(each)
                elif holds:
                    lasting.append(each)
            untold = pending
        return lasting

    def _holds_locked(
        self, each: Difference, since: tuple[int, int, int], *, is_there: bool
    ) -> bool | None:
        """Say whether it still differs from what was told; None if that can't be told now."""
        begin, told, mark = since
        gone = each.kind is Kind.GONE
        if self._journal.has_changed(each.path, told, or_above=gone):
            return False
        above = directory_of(each.path)
        if self._journal.has_changed(above, mark, or_above=True):
            return None
        if is_there != gone:
            return True
        return not self._journal.has_changed(above, begin, or_above=True)
