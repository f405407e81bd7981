"""Something that is done over and over, once for all who asked before it began."""


class Rounds:
    """Counts who asked and who was served; not thread-safe, its owner holds a lock."""

    def __init__(self) -> None:
        self._asked = 0
        self._served = 0

    def ask(self) -> int:
        """Ask for a round that begins from now on; return a ticket for it."""
        self._asked += 1
        return self._asked

    @property
    def is_wanted(self) -> bool:
        """Say whether somebody asked who was not served yet."""
        return self._served < self._asked

    def begin(self) -> int:
        """Begin a round; return what `end` is to be called with."""
        return self._asked

    def end(self, begun: int) -> None:
        """End a round: who asked before it began is served."""
        self._served = max(self._served, begun)

    def is_served(self, ticket: int) -> bool:
        """Say whether a round was begun after the ticket was given, and is done."""
        return self._served >= ticket
