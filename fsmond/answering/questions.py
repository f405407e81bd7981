"""Read what a JSON request asks; all errors are ValueError, with a message for the client."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from fsmond.answering.cursors import check_name

_MAX_SHOWN = 80  # characters of a request that an error message repeats
_MAX_SECONDS = 1e9  # thirty years
SETTLE, MAX_WAIT = 0.05, 1.0  # seconds


class Wanted(NamedTuple):
    """Which of the changed paths a client wants."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    gitignore: bool = False


class Question(NamedTuple):
    """What a client asks."""

    since: bytes | None
    cursor: str | None
    confirms: bool
    """Whether the client moves the cursor itself, when it has the answer."""
    kinds: bool
    wanted: Wanted
    is_wire: bool
    """Whether the answer has Git's form instead of being JSON."""
    timeout: float | None
    settle: float
    max_wait: float


def read(request: Mapping[str, object]) -> Question:
    """Return what a request asks."""
    form = request.get("form", "object")
    if form not in ("wire", "object"):
        raise ValueError(f"'form' must be 'wire' or 'object', not {short(form)}")
    since, cursor = since_in(request), request.get("cursor")
    if cursor is not None:
        check_name(cursor)
        if since is not None:
            raise ValueError("'since' and 'cursor' exclude each other: leave one out")
    wanted = Wanted(
        _patterns(request, "include"), _patterns(request, "exclude"), _flag(request, "gitignore")
    )
    return Question(
        since,
        cursor if isinstance(cursor, str) else None,
        _flag(request, "confirm"),
        _flag(request, "kinds"),
        wanted,
        form == "wire",
        _seconds(request, "timeout", None),
        _seconds(request, "settle", SETTLE) or 0.0,
        _seconds(request, "max_wait", MAX_WAIT) or 0.0,
    )


def since_in(request: Mapping[str, object]) -> bytes | None:
    """Return the token of a request."""
    since = request.get("since")
    if since is not None and not isinstance(since, str):
        raise ValueError(f"'since' must be a token or null, not {short(since)}")
    return None if since is None else since.encode("utf-8", "surrogatepass")


def short(value: object) -> str:
    """Return a value for an error message."""
    text = ascii(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _flag(request: Mapping[str, object], name: str) -> bool:
    value = request.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"'{name}' must be true or false, not {short(value)}")
    return value is True


def _patterns(request: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = request.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"'{name}' must be a list of patterns, not {short(value)}")
    return tuple(value)


def _seconds(request: Mapping[str, object], name: str, default: float | None) -> float | None:
    value = request.get(name)
    if value is None:
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isinstance(value, int | float) or not value >= 0 or math.isnan(value):
        raise ValueError(f"'{name}' must be a number of seconds, not {short(value)}")
    return min(float(value) if value < _MAX_SECONDS else _MAX_SECONDS, _MAX_SECONDS)
