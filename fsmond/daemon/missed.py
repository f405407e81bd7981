"""What a monitor tells."""

from typing import NamedTuple

from fsmond.journal.token import Token


class Missed(NamedTuple):
    """What a client missed: where the history stands now, and what changed since its token."""

    token: Token
    paths: list[bytes] | None
    """None if everything may have changed."""
    reason: str | None
    """Why everything; see fsmond.protocol.Answer."""
