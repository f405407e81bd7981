"""The forms of an answer: bytes as Git has them, or JSON.

In Git's form an answer with kinds has two fields for each path: a letter for the kind, `A`, `M` or
`D`, with one for the type if there is something (`f`, `d`, `l` or `o`); and the path.
"""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fsmond.answering.pieces import fits, joined
from fsmond.monitor.kinds import Change
from fsmond.protocol import EVERYTHING, path_text
from fsmond.results import KIND_LETTERS, TYPE_LETTERS


class Result(NamedTuple):
    """An answer, before it has a form."""

    token: bytes
    paths: list[bytes] | None
    """None if everything may have changed."""
    reason: str | None
    changes: Sequence[Change] | None = None
    """Instead of the paths, if the client wants kinds."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return self.paths is not None and not self.paths and not self.changes


def bounded(result: Result) -> Result:
    """Return everything instead of an answer that is too large: clients have limits."""
    if result.paths is None or fits(result.paths, 1 if result.changes is None else 4):
        return result
    return Result(result.token, None, "token-too-old", [] if result.changes is not None else None)


def wire_pieces(result: Result, end: bytes) -> Iterator[bytes]:
    """Return an answer in Git's form, and then `end`, in pieces.

    After the `/` of everything the reason follows.
    """
    if result.paths is None:
        fields = [EVERYTHING, *([result.reason.encode()] if result.reason else [])]
    elif result.changes is None:
        fields = result.paths
    else:
        fields = []
        for path, kind, type_ in result.changes:
            fields += [KIND_LETTERS[kind.value] + TYPE_LETTERS[type_], path]
    return joined(result.token, fields, end)


def object_of(result: Result) -> dict[str, object]:
    """Return an answer as a JSON object."""
    found: dict[str, object] = {
        "token": result.token.decode(),
        "everything": result.paths is None,
        "reason": result.reason,
    }
    if result.changes is None:
        found["paths"] = [path_text(path) for path in result.paths or ()]
    else:
        found["changes"] = [
            {"path": path_text(path), "kind": kind.value, "type": type_}
            for path, kind, type_ in result.changes
        ]
    return found


def json_pieces(result: Result, end: bytes) -> Iterator[bytes]:
    """Yield an answer as one JSON object, and then `end`."""
    yield json.dumps(object_of(result)).encode() + end
