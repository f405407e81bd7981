"""The changed paths, ordered by their last change."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from operator import neg
from typing import NamedTuple

from fsmond.journal.lifetimes import Lifetimes
from fsmond.journal.token import Token

KEEP = 500_000  # paths; about 80 MB, more than a switch between branches of a large repository
_FEW = 16  # entries that are read one by one, before they are counted in slices
_SLICE = 4096  # entries; fits the first-level cache of a processor
_ENDED = 16  # ended sessions whose reason is remembered
_EARLIER = 100  # earlier sessions whose tokens are valid: each restart adds one


class Summary(NamedTuple):
    """What a journal knows besides its paths: with them it can be restored in another process."""

    session: str
    sequence: int
    forgotten: int
    voided: int
    why_voided: str
    ended: dict[str, str]
    earlier: dict[str, int]


class Entries(NamedTuple):
    """Paths, each with its numbers at the same place in the other lists."""

    paths: list[bytes]
    sequences: list[int]
    lifetimes: list[int]
    """See Lifetimes.get."""


class Journal:
    """The history of one session at a time; not thread-safe, its owner holds a lock.

    The sequences of all sessions that continue each other are on one line: a new process begins
    with a sequence above those of the processes before it.
    """

    def __init__(self, session: str, *, first: int = 0, keep: int = KEEP) -> None:
        self.token = Token(session, first)
        """The newest point.  Replaced, never changed, so it may be read without a lock."""
        self.settled = self.token
        """The newest point that clients may get; never newer than `token`; replaced like it.

        When a change is recorded, its consequences may not be known yet: a new directory has still
        to be listed.  An answer with a newer token would hide them.
        """
        self.on_record: Callable[[], None] | None = None
        """Called after each change was recorded; must not block, nor use the journal."""
        self._first = first
        self._keep = keep
        # In order of the last change, oldest first: a path that changes again moves to the end.
        self._sequences: dict[bytes, int] = {}
        self.lifetimes = Lifetimes()
        """Of the paths in this journal; a path that is dropped from it is dropped there."""
        self._forgotten = 0  # the newest sequence from which a path was dropped
        self._voided = 0  # tokens older than this are answered with `_why_voided`
        self._why_voided = ""
        self._ended: dict[str, str] = {}  # session → why it ended; the newest _ENDED ones
        # Restored session → its newest sequence; the newest _EARLIER ones.
        self._earlier: dict[str, int] = {}

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
        if self.on_record is not None:
            self.on_record()
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
        if token.session != session and not self.is_earlier(token):
            return token.mismatch or self._ended.get(
                token.session, "restart" if token.is_genuine else "unknown-token"
            )
        if token.sequence > now:
            return "unknown-token"
        if token.sequence < self._voided:
            return self._why_voided
        found = self.after(token.sequence)
        return "token-too-old" if found is None else found

    def is_earlier(self, token: Token) -> bool:
        """Return whether a token of a restored session is valid: older than what was stored."""
        return token.sequence <= self._earlier.get(token.session, -1)

    def summary(self) -> Summary:
        """Return what to store besides `entries_after`."""
        return Summary(
            self.token.session,
            self.token.sequence,
            self._forgotten,
            self._voided,
            self._why_voided,
            dict(self._ended),
            dict(self._earlier),
        )

    def entries_after(self, sequence: int) -> Entries:
        """Return the kept paths that changed after `sequence`, newest first."""
        count = self._count_after(sequence)
        paths = list(islice(reversed(self._sequences), count))
        sequences = list(islice(reversed(self._sequences.values()), count))
        return Entries(paths, sequences, self.lifetimes.get(paths))

    def restore(
        self, stored: Summary, sequences: Mapping[bytes, int], lifetimes: Mapping[bytes, int]
    ) -> None:
        """Continue a stored history, whose paths come oldest first.

        Its tokens are valid from now on.  Raise ValueError if it is newer than this journal's
        first sequence.
        """
        if stored.sequence >= self._first:
            msg = f"its sequence {stored.sequence} is not below {self._first}"
            raise ValueError(msg)
        recent, self._sequences = self._sequences, dict(sequences)
        for path, sequence in recent.items():
            self._sequences.pop(path, None)
            self._sequences[path] = sequence
        self.lifetimes.restore(lifetimes)
        self._forgotten = max(self._forgotten, stored.forgotten)
        if stored.voided > self._voided:
            self._voided, self._why_voided = stored.voided, stored.why_voided
        self._ended = dict(list({**stored.ended, **self._ended}.items())[-_ENDED:])
        earlier = {**stored.earlier, stored.session: stored.sequence}
        self._earlier = dict(list(earlier.items())[-_EARLIER:])
        if len(self._sequences) > self._keep:
            self._drop_oldest()

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
        count = self._count_after(sequence)
        if 2 * count < len(self._sequences):
            return list(islice(reversed(self._sequences), count))
        found = list(self._sequences)[-count:]  # twice as fast as one by one
        found.reverse()
        return found

    def has_changed(self, path: bytes, sequence: int, *, or_above: bool) -> bool:
        """Return whether a path changed after `sequence`; `or_above`: or a directory above it."""
        changed = self._sequences.get(path, 0) > sequence
        while or_above and path and not changed:
            path = path[: path.rfind(b"/", 0, -1) + 1]
            changed = self._sequences.get(path, 0) > sequence
        return changed

    def restart(self, session: str, reason: str) -> None:
        """Begin a new session; answer all tokens so far with `reason`."""
        ended = {**self._ended, **dict.fromkeys((*self._earlier, self.token.session), reason)}
        self._ended = dict(list(ended.items())[-_ENDED:])
        self._earlier = {}
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
            self.lifetimes.forget(path)
