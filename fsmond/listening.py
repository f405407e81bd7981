"""Requests with kinds, filters and cursors, and answers that come later; for Client and aio.

A plain query does not need this.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from fsmond.errors import AnswerError, DaemonEndedError, OtherDaemonError, RequestError
from fsmond.protocol import (
    FSMOND,
    MAX_ANSWER_BYTES,
    Answer,
    daemon_name,
    daemon_of,
    read_object,
    words_of,
)

_END = b"\0\0"  # of an answer where more may follow
_MARGIN = 5.0  # seconds in which an answer comes when the time is up


class Filters(TypedDict, total=False):
    """Which changes are wanted."""

    cursor: str | None
    """A name under which the daemon keeps the token, instead of `since`."""
    kinds: bool
    """Whether the answer has `changes`."""
    include: Sequence[str]
    """Patterns in the syntax of gitignore files: only these paths."""
    exclude: Sequence[str]
    """The same: not these paths."""
    gitignore: bool
    """Leave out what Git ignores and does not track."""
    move: bool
    """Whether the cursor moves when the answer has arrived; if not, `move_cursor` moves it."""


class Batches(Filters, total=False):
    """When they are told."""

    settle: float
    """Seconds without a change before a batch is told; 0.05 by default."""
    max_wait: float
    """Seconds after which a batch is told in any case; 1 by default."""


class Waiting(Batches, total=False):
    """How long they are waited for."""

    timeout: float | None
    """Seconds, after which the answer is empty; None: for ever."""


def request_for(command: str, tree: str, since: str | None, options: Mapping[str, object]) -> bytes:
    """Return a request; `tree` is the result of `protocol.tree_fields`."""
    fields: dict[str, Any] = {name: each for name, each in options.items() if name != "move"}
    for name in ("include", "exclude"):
        patterns = fields.get(name)
        if isinstance(patterns, str):
            raise RequestError(f"{name} must be a list of patterns, not one: [{patterns!r}]")
        fields[name] = list(patterns or ())
    if fields.get("cursor") is not None:
        if since is not None:
            raise RequestError("`since` and `cursor` exclude each other: leave one out")
        fields["confirm"] = True
    text = json.dumps({"command": command, "form": "wire", "since": since, **fields})
    return text[:-1].encode() + tree.encode() + b"}"


def patience_for(timeout: float | None) -> float | None:
    """Return for how many seconds to wait for an answer; None: for ever."""
    return None if timeout is None else timeout + _MARGIN


def read_answer(reply: bytes, root: bytes, *, kinds: bool) -> Answer:
    """Parse an answer to one of these requests; raise AnswerError, or what it says went wrong."""
    if reply[:1] == b"{":
        raise _error_in(reply)
    _refuse_other_daemon(reply, root)
    return Answer.from_wire(reply, kinds=kinds)


class AnswerStream:
    """Splits a conversation into answers; no I/O."""

    def __init__(self, root: bytes, *, kinds: bool) -> None:
        self._root = root
        self._kinds = kinds
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[Answer]:
        """Take what arrived; yield the answers that are complete.

        Raise DaemonEndedError when the daemon says that it ends, AnswerError for an error.
        """
        self._buffer += data
        while (end := self._buffer.find(_END, self._searched)) >= 0:
            reply = bytes(self._buffer[: end + 1])
            del self._buffer[: end + len(_END)]
            self._searched = 0
            _refuse_other_daemon(reply, self._root)
            yield Answer.from_wire(reply, kinds=self._kinds)
        if self._buffer[:1] == b"{" and self._buffer.endswith(b"\n"):
            raise _error_in(bytes(self._buffer))
        self._searched = max(0, len(self._buffer) - 1)
        if len(self._buffer) > MAX_ANSWER_BYTES:
            raise AnswerError(f"an answer has more than {MAX_ANSWER_BYTES} bytes")

    def finish(self) -> None:
        """Note that the conversation is over; raises DaemonEndedError, or why it was not valid."""
        if self._buffer[:1] == b"{":
            raise _error_in(bytes(self._buffer))
        if self._buffer:
            _refuse_other_daemon(bytes(self._buffer), self._root)
        raise DaemonEndedError("the daemon ended the conversation")


def _error_in(reply: bytes) -> Exception:
    try:
        found = read_object(reply)
    except AnswerError as error:
        return error
    if "end" in found:
        reason = words_of(found["end"])
        return DaemonEndedError(f"the daemon has ended: {reason}", reason)
    return AnswerError(f"unexpected answer: {str(found)[:200]!a}")


def _refuse_other_daemon(reply: bytes, root: bytes) -> None:
    daemon = daemon_of(reply)
    if daemon != FSMOND:
        where = root.decode(errors="backslashreplace")
        advice = "to replace it: fsmond start --replace"
        raise OtherDaemonError(f"{daemon_name(daemon)} is watching {where}; {advice}", daemon)
