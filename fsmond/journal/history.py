"""The changed paths, ordered by their last change."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice
from operator import neg

from fsmond.journal.token import Token

KEEP = 500_000  # paths; about 80 MB, more than a switch between branches of a large repository
_FEW = 16  # entries that are read one by one, before they are counted in slices
_SLICE = 4096  # entries; fits the first-level cache of a processor
_ENDED = 16  # ended sessions whose reason is remembered


class Journal:
    """The history of one session at a time; not thread-safe, its owner holds a lock."""

    def __init__(self, session: str, *, keep: int = KEEP) -> None:
        self.token = Token(session, 0)
        """The newest point.  Replaced, never changed, so it may be read without a lock."""
        self.settled = self.token
        """The newest point that clients may get; never newer than `token`; replaced like it.

        When a change is recorded, its consequences may not be known yet: a new directory has still
        to be listed.  An answer with a newer token would hide them.
        """
        self._keep = keep
        # In order of the last change, oldest first: a path that changes again moves to the end.
        self._sequences: dict[bytes, int] = {}
        self._forgotten = 0  # the newest sequence from which a path was dropped
        self._voided = 0  # tokens older than this are answered with `_why_voided`
        self._why_voided = ""
        self._ended: dict[str, str] = {}  # session → why it ended; the newest _ENDED ones

    def __len__(self) -> int:
        return len(self._sequences)

    def record(self, paths: Iterable[bytes]) -> None:
        """Record that these paths changed now."""
        session, sequence, _ = self.token
        sequence += 1
        sequences = self._sequences
        forget = sequences.pop
        for path in paths:
            forget(path, None)
            sequences[path] = sequence
        self.token = Token(session, sequence)
        if len(sequences) > self._keep:
            self._drop_oldest()

    def void(self, reason: str) -> None:
        """Record that anything may have changed: answer all older tokens with `reason`."""
        self.record(())
        self._voided, self._why_voided = self.token.sequence, reason

    def settle(self) -> None:
        """Record that the consequences of all recorded changes are recorded too."""
        self.settled = self.token

    def since(self, token: Token) -> list[bytes] | str:
        """Return the paths that changed after `token`, newest first, or why they are unknown."""
        session, now, _ = self.token
        if token.session != session:
            return token.mismatch or self._ended.get(
                token.session, "restart" if token.is_genuine else "unknown-token"
            )
        if token.sequence > now:
            return "unknown-token"
        if token.sequence < self._voided:
            return self._why_voided
        found = self.after(token.sequence)
        return "token-too-old" if found is None else found

    def after(self, sequence: int) -> list[bytes] | None:
        """Return the paths that changed after `sequence`, newest first; None if some were dropped.

        Unlike a token, a sequence stays valid when its session ends.
        """
        if sequence == self.token.sequence:
            return []
        if sequence < self._forgotten:
            return None
        found: list[bytes] = []
        for path, changed in reversed(self._sequences.items()):
            if changed <= sequence:
                return found
            if len(found) == _FEW:
                break
            found.append(path)
        else:
            return found
        return list(islice(reversed(self._sequences), self._count_after(sequence)))

    def has_changed(self, path: bytes, sequence: int, *, or_above: bool) -> bool:
        """Return whether a path changed after `sequence`; `or_above`: or a directory above it."""
        changed = self._sequences.get(path, 0) > sequence
        while or_above and path and not changed:
            path = path[: path.rfind(b"/", 0, -1) + 1]
            changed = self._sequences.get(path, 0) > sequence
        return changed

    def restart(self, session: str, reason: str) -> None:
        """Begin a new session; answer all tokens of this one with `reason`."""
        self._ended[self.token.session] = reason
        if len(self._ended) > _ENDED:
            del self._ended[next(iter(self._ended))]
        is_settled = self.settled is self.token
        settled = Token(session, self.settled.sequence)
        self.token = Token(session, self.token.sequence)
        self.settled = self.token if is_settled else settled

    def _count_after(self, sequence: int) -> int:
        # In slices: three times as fast as reading the entries one by one.
        count, size = 0, 4 * _FEW
        newest_first = reversed(self._sequences.values())
        while found := list(islice(newest_first, size)):
            if found[-1] <= sequence:
                return count + bisect_left(found, -sequence, key=neg)
            count += len(found)
            size = min(size * 2, _SLICE)
        return count

    def _drop_oldest(self) -> None:
        # Many at a time: to find the oldest, the dict skips the empty slots of entries that moved.
        excess = len(self._sequences) - self._keep * 3 // 4
        for path in list(islice(self._sequences, excess)):
            self._forgotten = self._sequences.pop(path)
