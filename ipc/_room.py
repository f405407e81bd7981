"""Keep count of clients that are waited for: whose time is up first is the first to go."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from ipc._memory import Share


class Guest:
    """A client that is waited for."""

    def __init__(self, deadline: float, share: Share) -> None:
        self.deadline = deadline  # in seconds of time.monotonic
        self.share = share  # what is kept for it


AnyGuest = TypeVar("AnyGuest", bound=Guest)


class Room(Generic[AnyGuest]):
    """Guests in the order of their deadlines, in bounded number; not thread-safe."""

    def __init__(self, most: int) -> None:
        self._guests: dict[AnyGuest, None] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[AnyGuest]:
        return iter(self._guests)

    def __contains__(self, guest: AnyGuest) -> bool:
        return guest in self._guests

    def enter(self, guest: AnyGuest) -> None:
        """Let a guest in, who must not have an earlier deadline than those who are there."""
        self._guests[guest] = None

    def leave(self, guest: AnyGuest) -> None:
        """Let a guest out."""
        del self._guests[guest]

    def oldest(self) -> AnyGuest | None:
        """Return who came first."""
        return next(iter(self._guests), None)

    @property
    def is_crowded(self) -> bool:
        """Whether there are more than may be."""
        return len(self._guests) > self._most

    def next_to_go(self, now: float) -> AnyGuest | None:
        """Return a guest who has to go: the time is up, or there are too many."""
        guest = self.oldest()
        return guest if guest and (guest.deadline <= now or self.is_crowded) else None


def largest(guests: Iterable[AnyGuest]) -> AnyGuest | None:
    """Return for whom most is kept; of several, who came first."""
    return max(guests, key=lambda guest: guest.share.size, default=None)
