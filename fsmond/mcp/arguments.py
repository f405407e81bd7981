"""Read what a model passes to a tool; all errors are ValueError, with a message for the model."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_TIMEOUT = 3600.0  # seconds
_TIMEOUT = 60.0
_PATTERNS = {"type": "array", "items": {"type": "string"}}
PROPERTIES: dict[str, Any] = {
    "cursor": {
        "type": ["string", "null"],
        "description": "The cursor of an earlier result; null, or left out, at first.",
    },
    "include": {
        **_PATTERNS,
        "description": "Only paths that match one of these lines, written as in .gitignore.",
    },
    "exclude": {**_PATTERNS, "description": "No paths that match one of these lines."},
    "gitignore": {
        "type": "boolean",
        "default": True,
        "description": "Leave out what Git ignores and does not track.",
    },
}
TIMEOUT_PROPERTY: dict[str, Any] = {
    "type": "number",
    "default": _TIMEOUT,
    "minimum": 0,
    "maximum": MAX_TIMEOUT,
    "description": "After so many seconds the result has no changes.",
}


class Arguments(NamedTuple):
    """What both tools take."""

    cursor: str | None
    include: list[str]
    exclude: list[str]
    gitignore: bool
    timeout: float


def read(given: Mapping[str, Any]) -> Arguments:
    """Return the arguments; raise ValueError for one that is unknown, or not as it should be."""
    unknown = given.keys() - {*PROPERTIES, "timeout_seconds"}
    if unknown:
        raise ValueError(f"unknown argument {min(unknown)[:80]!a}")
    cursor = given.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise ValueError("'cursor' must be the cursor of an earlier result, or null")
    gitignore = given.get("gitignore", True)
    if gitignore not in (True, False):
        raise ValueError("'gitignore' must be true or false")
    timeout = given.get("timeout_seconds", _TIMEOUT)
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not is_number or not 0 <= timeout <= MAX_TIMEOUT or math.isnan(timeout):
        raise ValueError(f"'timeout_seconds' must be a number from 0 to {MAX_TIMEOUT:g}")
    return Arguments(
        cursor, _texts(given, "include"), _texts(given, "exclude"), bool(gitignore), float(timeout)
    )


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"'{name}' must be a list of patterns")
    return found
