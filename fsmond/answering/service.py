"""Answer queries with kinds, filters and cursors, and those who wait for changes."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from fsmond.answering import answers, questions
from fsmond.answering.answers import Result
from fsmond.answering.cursors import Cursors, check_name
from fsmond.answering.ignored import Ignored
from fsmond.answering.pieces import send_all_but_last
from fsmond.answering.questions import Question
from fsmond.answering.selection import Selection, Selections, without_placeholders
from fsmond.answering.subscriptions import Hooks, Listener, Subscriptions
from fsmond.filters.ignore_rules import IgnoreRules
from fsmond.journal.token import Token
from fsmond.monitor.monitor import Changes, Monitor

_JSON_LINE = b"\n"
_WIRE_END = b"\0"  # after each answer in Git's form, where more may follow

Request = Mapping[str, object]


class Refused(Protocol):
    """Why a client gets everything instead of an exact answer, if it does; see Requests."""

    def __call__(self, since: bytes | None) -> Result | None:
        """Return that answer; None if the client may have an exact one."""


class Answering:
    """Thread-safe; its requests come on the server's worker threads."""

    def __init__(
        self,
        monitor: Monitor,
        rules: Callable[[], IgnoreRules],
        note_reason: Callable[[str | None], None],
    ) -> None:
        """`note_reason`: told of each answer why it is everything, None if it is not."""
        self._monitor = monitor
        self._note_reason = note_reason
        self._cursors = Cursors(monitor)
        self._rules = rules
        self._selections = Selections(self._make_ignored)
        hooks = Hooks(self._selections.refresh, self._answer, self._pieces, self._note_sent)
        self.subscriptions = Subscriptions(monitor, hooks)

    def query(self, request: Request, reply: Callable[[bytes], None], refused: Refused) -> bytes:
        """Answer a query; send all but the last piece of the answer, and return that."""
        question, selection, since = self._read(request)
        result = refused(since)
        if result is None:
            if selection.needs_rules:
                self._selections.refresh()
            result = self._answer(question, selection, since)
        pieces = self._pieces(question, result, more=False)
        if question.cursor is None or question.confirms:
            return send_all_but_last(pieces, reply)
        for piece in pieces:
            reply(piece)  # raises if the client has gone
        self._note_sent(question, result.token)
        return b""

    def listen(self, request: Request, refused: Refused, *, once: bool) -> object:
        """Answer when there is something to say, and again if not `once`."""
        question, selection, since = self._read(request)
        result = refused(since)
        if result is not None:
            last = b"" if once else json.dumps({"end": result.reason}).encode() + _JSON_LINE
            return b"".join(self._pieces(question, result, more=not once)) + last
        is_new_cursor = question.cursor is not None and since is None
        if since is None:
            token = self._monitor.query(None).token
        else:
            token = Token.parse(since) or Token("", 0)
        listener = Listener(question, selection, token, once=once)
        listener.wants_everything = is_new_cursor
        return self.subscriptions.add(listener)

    def cursor(self, request: Request) -> dict[str, object]:
        """Move, delete or list cursors."""
        match request.get("action", "list"):
            case "list":
                return {"cursors": self._cursors.all()}
            case "delete":
                return {"deleted": self._cursors.delete(check_name(request.get("name")))}
            case "move":
                token = request.get("token")
                if not isinstance(token, str) or Token.parse(token.encode()) is None:
                    raise ValueError(f"'token' must be a token, not {questions.short(token)}")
                self._cursors.move(check_name(request.get("name")), token)
                return {"moved": True}
        action = questions.short(request.get("action"))
        raise ValueError(f"'action' must be 'list', 'move' or 'delete', not {action}")

    def _read(self, request: Request) -> tuple[Question, Selection, bytes | None]:
        question = questions.read(request)
        selection = self._selections.of(question.wanted)
        since = question.since
        if question.cursor is not None:
            since = self._cursors.token(question.cursor)
        return question, selection, since

    def _answer(
        self,
        question: Question,
        selection: Selection,
        since: bytes | None,
        changes: Changes | None = None,
    ) -> Result:
        """Make the answer to a question, since a token; of what changed, if that is known."""
        if question.kinds:
            self._monitor.await_index()
        if changes is None:
            changes = self._monitor.query(since)
        token, reason = bytes(changes.token), changes.reason
        paths: list[bytes] | None = None
        if changes.paths is not None and since is not None:
            known = Token.parse(since)
            sequence = 0 if known is None else known.sequence
            paths = selection.select(without_placeholders(changes.paths), sequence)
            reason = None if paths is not None else "restart"
        found = None
        if question.kinds:
            found = self._monitor.kinds(paths, since) if paths and since is not None else []
        result = answers.bounded(Result(token, paths, reason, found))
        self._note_reason(result.reason)
        return result

    def _pieces(self, question: Question, result: Result, more: bool) -> Iterator[bytes]:
        if question.is_wire:
            yield from answers.wire_pieces(result, _WIRE_END if more else b"")
        else:
            yield from answers.json_pieces(result, _JSON_LINE if more else b"")

    def _note_sent(self, question: Question, token: bytes) -> None:
        """Note that an answer with this token was written out."""
        if question.cursor is not None and not question.confirms:
            self._cursors.move(question.cursor, token.decode())

    def _make_ignored(self) -> Ignored:
        return Ignored(self._monitor, self._rules())
