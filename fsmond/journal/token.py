"""A point in a history, as clients keep it."""

from typing import NamedTuple, Self

_PREFIX = "fsmond"
SESSION_DIGITS = 16  # hexadecimal and random, so that no two daemons share a session
_PROVISIONAL = "0"  # appended to the session
OTHER_VIEW = "v"
"""Appended to the session, with the number of a mount namespace: valid in that view only."""
OTHER_ROOT = "r"
"""Appended to the session: issued for a tree that the daemon does not watch; valid nowhere."""
_MISMATCHES = {OTHER_VIEW: "other-view", OTHER_ROOT: "other-root"}
_HEX = frozenset("0123456789abcdef")
_MAX_DIGITS = 20  # no daemon lives for 10**20 changes
_MAX_LENGTH = len(_PREFIX) + 1 + SESSION_DIGITS + len(OTHER_VIEW) + _MAX_DIGITS + 1 + _MAX_DIGITS


class Token(NamedTuple):
    """`session` names one unbroken history, `sequence` a point in it."""

    session: str
    sequence: int
    is_provisional: bool = False
    """Whether it was issued in place of an older one, with an answer of everything."""

    def __bytes__(self) -> bytes:
        session = f"{self.session}{_PROVISIONAL}" if self.is_provisional else self.session
        return f"{_PREFIX}:{session}:{self.sequence}".encode()

    @property
    def mismatch(self) -> str | None:
        """The reason, if the token was issued for another tree or view, and no journal knows it."""
        mark = self.session[SESSION_DIGITS : SESSION_DIGITS + 1]
        return _MISMATCHES.get(mark)

    @property
    def is_genuine(self) -> bool:
        """Whether a daemon may have chosen this session; if it is unknown here, another one has."""
        return len(self.session) == SESSION_DIGITS and _HEX.issuperset(self.session)

    @classmethod
    def parse(cls, text: bytes) -> Self | None:
        """Read what a client sent; return None if no daemon could have written it."""
        if len(text) > _MAX_LENGTH:
            return None
        try:
            prefix, name, digits = text.decode("ascii").split(":")
        except ValueError:
            return None
        # int() alone would also accept "+1", "1_0" and " 1".
        if prefix != _PREFIX or not digits.isdigit() or not name.isalnum():
            return None
        is_provisional = len(name) == SESSION_DIGITS + 1 and name[-1] == _PROVISIONAL
        token = cls(name[:SESSION_DIGITS] if is_provisional else name, int(digits), is_provisional)
        return token if bytes(token) == text else None
