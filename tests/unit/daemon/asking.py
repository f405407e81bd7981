"""Ask the application of a daemon's server, without a server."""

import json
from typing import Any

from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor


def pieces_of(requests: Requests, message: bytes) -> list[bytes]:
    """Return the pieces of an answer; the last is the one that the application returns."""
    pieces: list[bytes] = []
    last = requests(message, pieces.append)
    assert isinstance(last, bytes)
    return [*pieces, last]


def ask(requests: Requests, message: bytes) -> bytes:
    """Return the whole answer."""
    return b"".join(pieces_of(requests, message))


def ask_object(requests: Requests, **request: object) -> dict[str, Any]:
    """Send a JSON request; return the JSON answer."""
    answer = json.loads(ask(requests, json.dumps(request).encode()))
    assert isinstance(answer, dict)
    return answer


def now(monitor: Monitor) -> bytes:
    """Return the history's newest token."""
    return bytes(monitor.query(None).token)
