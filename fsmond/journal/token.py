"""A point in a history, as clients keep it."""

from typing import NamedTuple, Self

_PREFIX = "fsmond"
SESSION_DIGITS = 16  # hexadecimal and random: no two daemons ever share a session
_UNSURE = "0"  # behind the session
OTHER_VIEW = "v"
"""Behind the session, with the number of a mount namespace: good in that view alone."""
OTHER_ROOT = "r"
"""Behind the session: for another tree than that of who gave it, and so good nowhere."""
_ELSEWHERE = {OTHER_VIEW: "other-view", OTHER_ROOT: "other-root"}
_HEX = frozenset("0123456789abcdef")
_MAX_DIGITS = 20  # no daemon lives for 10**20 changes
_LONGEST = len(_PREFIX) + 1 + SESSION_DIGITS + len(OTHER_VIEW) + _MAX_DIGITS + 1 + _MAX_DIGITS


class Token(NamedTuple):
    """`session` names one unbroken history, `sequence` a point in it."""

    session: str
    sequence: int
    is_unsure: bool = False
    """Whether it was given in the place of an older one, with an answer of everything."""

    def __bytes__(self) -> bytes:
        session = f"{self.session}{_UNSURE}" if self.is_unsure else self.session
        return f"{_PREFIX}:{session}:{self.sequence}".encode()

    @property
    def elsewhere(self) -> str | None:
        """Why this is no token of any history's own: it was given for another tree, or view."""
        mark = self.session[SESSION_DIGITS : SESSION_DIGITS + 1]
        return _ELSEWHERE.get(mark)

    @property
    def is_genuine(self) -> bool:
        """Say whether a daemon may have named this session; another one's, if it is not known."""
        return len(self.session) == SESSION_DIGITS and _HEX.issuperset(self.session)

    @classmethod
    def parse(cls, text: bytes) -> Self | None:
        """Read what a client sent; None if it is no token that a daemon could have made."""
        if len(text) > _LONGEST:
            return None
        try:
            prefix, name, digits = text.decode("ascii").split(":")
        except ValueError:
            return None
        # int() alone would also accept "+1", "1_0" and " 1".
        if prefix != _PREFIX or not digits.isdigit() or not name.isalnum():
            return None
        is_unsure = len(name) == SESSION_DIGITS + 1 and name[-1] == _UNSURE
        token = cls(name[:SESSION_DIGITS] if is_unsure else name, int(digits), is_unsure)
        return token if bytes(token) == text else None
