"""A repeated task, where one run serves all who requested it before it began."""


class CoalescedRuns:
    """Counts requests and completed runs; its owner holds a lock, except for `begin`."""

    def __init__(self) -> None:
        self._requested = 0
        self._completed = 0

    def request(self) -> int:
        """Request a run that begins from now on; return a ticket for it."""
        self._requested += 1
        return self._requested

    @property
    def is_requested(self) -> bool:
        """Whether a request is not completed yet."""
        return self._completed < self._requested

    def begin(self) -> int:
        """Begin a run; return the argument for `end`.  Any thread: it only reads a number."""
        return self._requested

    def end(self, begun: int) -> None:
        """End a run: all requests from before it began are completed."""
        self._completed = max(self._completed, begun)

    def is_done(self, ticket: int) -> bool:
        """Return whether a run that began after the ticket was issued is completed."""
        return self._completed >= ticket
