"""Ask the application of a daemon's server, without one."""

import json
from typing import Any

from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests


def pieces_of(requests: Requests, message: bytes) -> list[bytes]:
    """Return the pieces in which a request is answered, the returned one last."""
    pieces: list[bytes] = []
    last = requests(message, pieces.append)
    assert isinstance(last, bytes)
    return [*pieces, last]


def ask(requests: Requests, message: bytes) -> bytes:
    """Return the whole answer."""
    return b"".join(pieces_of(requests, message))


def ask_object(requests: Requests, **request: object) -> dict[str, Any]:
    """Return the object with which an object is answered."""
    answer = json.loads(ask(requests, json.dumps(request).encode()))
    assert isinstance(answer, dict)
    return answer


def now(monitor: Monitor) -> bytes:
    """Return the token of where the history stands."""
    return bytes(monitor.query(None).token)
