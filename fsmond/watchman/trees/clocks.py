"""Watchman's clocks, `c:START:PID:ROOT:TICK`, and the tokens of fsmond that they stand for.

A clock holds all of a token, so that none has to be remembered: START is the token's session, TICK
its sequence.  PID is this process, for clients that look whether it still runs.  ROOT tells the
clocks of one tree from those of another, and has the token's flag as its last bit.
"""

import os
import re
from typing import NamedTuple
from zlib import crc32

from fsmond.watchman.errors import CommandError

_CLOCK = re.compile(r"c:([0-9]{1,20}):([0-9]{1,20}):([0-9]{1,20}):([0-9]{1,20})", re.ASCII)
_ANY_CLOCK = re.compile(r"c:[0-9]+(:[0-9]+){1,3}", re.ASCII)
_TOKEN = re.compile(r"fsmond:([0-9a-f]{16})(0?):([0-9]{1,20})", re.ASCII)
_MAX_NAME = 1024  # characters of a named cursor


class Since(NamedTuple):
    """What a client gives as the point in time to start from."""

    token: str | None = None
    """Of fsmond; None if it gave none that could be known here."""
    cursor: str | None = None
    """The name of a cursor, without `n:`."""
    time: float | None = None
    """Seconds since 1970."""


def clock_of(token: str, root: bytes) -> str:
    """Return the clock for a token; one that is never known again if the token has another form.

    That is the case for one that is valid in another mount namespace only.
    """
    match = _TOKEN.fullmatch(token)
    session, flag, sequence = match.groups() if match else ("0", "", "0")
    number = crc32(root) << 1 | bool(flag)
    return f"c:{int(session, 16)}:{os.getpid()}:{number}:{sequence}"


def read(value: object, root: bytes) -> Since:
    """Return what a clock, a cursor or a time of a client means; raise CommandError."""
    if isinstance(value, dict):
        value = _clock_in(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Since(time=float(value))
    if isinstance(value, str):
        if value.startswith("n:") and len(value) <= _MAX_NAME:
            return Since(cursor=value[2:])
        if _ANY_CLOCK.fullmatch(value):
            return Since(_token_of(value, root))
    raise CommandError(
        f"invalid clockspec {str(value)[:80]!a}: "
        "expected c:..., n:NAME, or a number of seconds since 1970"
    )


def _clock_in(spec: dict[str, object]) -> object:
    if spec.get("scm") is not None:
        raise CommandError(
            "scm: this server has no source-control aware queries (capability scm-since)"
        )
    return spec.get("clock")


def _token_of(clock: str, root: bytes) -> str | None:
    """Return the token that a clock of this tree stands for."""
    match = _CLOCK.fullmatch(clock)
    if match is None:
        return None
    session, _, number, sequence = map(int, match.groups())
    if number >> 1 != crc32(root) or session >= 1 << 64 or not session:
        return None
    return f"fsmond:{session:016x}{'0' if number & 1 else ''}:{sequence}"
