"""Keep count of clients that are waited for: whose time is up first is the first to go."""

from collections.abc import Iterator
from typing import Generic, TypeVar

MOST_BYTES = 64 << 20  # kept for all guests of a room; the oldest has to go when it is more


class Guest:
    """A client that is waited for."""

    def __init__(self, deadline: float, size: int) -> None:
        self.deadline = deadline  # in seconds of time.monotonic
        self.size = size  # bytes that are kept for it


AnyGuest = TypeVar("AnyGuest", bound=Guest)


class Room(Generic[AnyGuest]):
    """Guests in the order of their deadlines, within bounds of number and size; not thread-safe."""

    def __init__(self, most: int) -> None:
        self._guests: dict[AnyGuest, None] = {}
        self._most = most
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[AnyGuest]:
        return iter(self._guests)

    def __contains__(self, guest: AnyGuest) -> bool:
        return guest in self._guests

    def enter(self, guest: AnyGuest) -> None:
        """Let a guest in, who must not have an earlier deadline than those who are there."""
        self._guests[guest] = None
        self._bytes += guest.size

    def leave(self, guest: AnyGuest) -> None:
        """Let a guest out."""
        del self._guests[guest]
        self._bytes -= guest.size

    def resize(self, guest: AnyGuest, size: int) -> None:
        """Take notice that more, or less, is kept for a guest."""
        self._bytes += size - guest.size
        guest.size = size

    def oldest(self) -> AnyGuest | None:
        """Return who came first."""
        return next(iter(self._guests), None)

    def next_to_go(self, now: float) -> AnyGuest | None:
        """Return a guest who has to go: the time is up, or there is no room for all."""
        guest = self.oldest()
        overfull = len(self._guests) > self._most or self._bytes > MOST_BYTES
        return guest if guest and (guest.deadline <= now or overfull) else None
