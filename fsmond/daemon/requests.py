"""What clients ask, and the answers.

`json` is imported when it is needed: a client that starts a daemon waits for its imports.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from fsmond import __version__
from fsmond.answering.pieces import fits, joined, send_all_but_last
from fsmond.answering.questions import short, since_in
from fsmond.daemon.clients import ClientCheck, Mismatch
from fsmond.daemon.memory import memory_in_use
from fsmond.git.index_file import may_keep_untracked
from fsmond.journal.token import Token
from fsmond.monitor.monitor import Changes, Monitor
from fsmond.protocol import EVERYTHING, FLUSH, NO_TOKEN, QUIT, Answer
from ipc.server import QUIT as STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.answering.answers import Result
    from fsmond.answering.service import Answering
    from fsmond.filters.ignore_rules import IgnoreRules
    from fsmond.git.spellings import Spellings

_MAX_OBJECT = 1 << 16  # bytes of a JSON request; the worst one of this size takes 4 ms to parse
_MAX_LISTED = 5000  # directories or differences that a JSON answer lists
_MAX_LISTED_BYTES = 512 << 10  # of their paths; JSON makes them up to six times as long
_NEW_FIELDS = frozenset({"cursor", "kinds", "include", "exclude", "gitignore"})  # of a query
_SINCE = b', "since": '  # the last field in the requests of fsmond's own clients

_VERIFY_TIMEOUT = 600.0  # seconds; ten million files take less
_MAX_VERIFIERS = 4  # requests that may wait so long: other requests need threads, too

_log = logging.getLogger(__name__)


class Requests:
    """The application of the daemon's server; called on the server's worker threads."""

    def __init__(
        self,
        monitor: Monitor,
        facts: Mapping[str, object],
        *,
        git_index: bytes | None = None,
        clients: ClientCheck | None = None,
    ) -> None:
        self._monitor = monitor
        self._clients = clients or ClientCheck(monitor.root)
        self._git_index = git_index  # the path of Git's index, if this is a worktree
        self._facts = facts  # what `status` reports and the monitor does not know
        self._commands: dict[str, Callable[[Mapping[str, object]], dict[str, object]]] = {
            "status": self._status,
            "verify": self._verify,
            "version": self._version,
        }
        # Held while JSON is parsed, which blocks all threads for up to 4 ms: without the lock,
        # many such requests at once would delay a query by the sum.
        self._parsing = threading.Lock()
        self._names = sorted([*self._commands, "query", "flush", "wait", "subscribe", "cursor"])
        # Made when a client asks for more than Git does: its modules take a while to import.
        self._answering: Answering | None = None
        self._ended: str | None = None  # why there will be no more answers
        self._making = threading.Lock()  # guards the making of it
        self.ignore_rules: Callable[[], IgnoreRules] | None = None
        """Makes what says which paths are ignored; set before any call."""
        # The last wire-form query for this tree, up to its token, and whether it was Git's: as a
        # rule the next one has the same prefix, and need not be parsed.
        self._known_prefix: tuple[bytes, bool] = (b"", False)
        self._verifiers = threading.BoundedSemaphore(_MAX_VERIFIERS)
        # The last token in an answer, as bytes and parsed: as a rule the next request has it.
        self._last_token: tuple[bytes, Token | None] = (b"", None)
        self.spellings: Spellings | None = None
        """The names in Git's index, if the file system folds case; set before any call."""
        # Answers of "everything", by reason; changed without a lock: a figure for people.
        self._everything_counts: dict[str, int] = {}

    def __call__(self, message: bytes, reply: Callable[[bytes], None]) -> object:
        """Answer one request; return the last piece of the answer, or STOP to end the daemon."""
        if message[:1] == b"{":
            return self._json(message, reply)
        if message == QUIT:
            _log.info("asked to quit")
            self.end("it was asked to quit")
            return STOP
        mismatch = self._clients.view_mismatch(reply)
        if message == FLUSH:
            return self._wire(_marked(self._monitor.flush(), mismatch), reply)
        since = None if message == NO_TOKEN else message
        return self._wire(self._changes(since, mismatch, is_git=True), reply)

    def _changes(self, since: bytes | None, mismatch: Mismatch | None, *, is_git: bool) -> Changes:
        """Return what changed, or everything if the client may not get an exact answer."""
        if mismatch is not None:
            return self._everything_for(mismatch, since)
        text, token = self._last_token
        changes = self._monitor.query(token if token and since == text else since)
        if changes.paths and self.spellings is not None:
            changes = _respelled(changes, self.spellings)
        if changes.paths is None or (is_git and since is not None and since.isdigit()):
            changes = self._completed(since, changes, is_git=is_git)
        return changes

    def _everything_for(self, mismatch: Mismatch, since: bytes | None) -> Changes:
        monitor = self._monitor
        monitor.queries += 1
        if since is not None and since.isdigit():
            # Git keeps this time as its token.  A time cannot be marked, so none may count now.
            monitor.timestamps.forget()
        reason = mismatch.reason if monitor.why_ended() is None else "degraded"
        changes = Changes(Token(monitor.session, 0), None, reason)
        self._count(reason)
        return _marked(changes, mismatch)

    def _completed(self, since: bytes | None, changes: Changes, *, is_git: bool) -> Changes:
        """Count an answer; add what only Git needs: see `docs/reference/git.md`."""
        self._count(changes.reason)
        if since is None or not is_git:
            return changes
        if since.isdigit():
            self._monitor.timestamps.note_answer(had_paths=changes.paths is not None)
        if changes.paths is None and self._git_keeps_untracked():
            changes = changes._replace(token=changes.token._replace(is_provisional=True))
        return changes

    def _git_keeps_untracked(self) -> bool:
        return self._git_index is not None and may_keep_untracked(self._git_index)

    def _count(self, reason: str | None) -> None:
        if reason is not None:
            self._everything_counts[reason] = self._everything_counts.get(reason, 0) + 1

    def _wire(
        self, changes: Changes, reply: Callable[[bytes], None], *, with_reason: bool = False
    ) -> bytes:
        """Send `TOKEN NUL (PATH NUL)*` without its last piece; return that piece.

        `with_reason`: the reason follows the `/` that means everything; Git ignores it.
        """
        text, token = self._last_token
        if token is not changes.token:
            text = bytes(changes.token)
            self._last_token = text, changes.token
        if changes.paths == []:
            return text + b"\0"
        changes = self._bounded(changes)
        fields = changes.paths
        if fields is None:
            reason = [changes.reason.encode()] if with_reason and changes.reason else []
            fields = [EVERYTHING, *reason]
        return send_all_but_last(joined(text, fields, b""), reply)

    def _bounded(self, changes: Changes) -> Changes:
        """Return everything instead of an answer that is too large: clients have limits."""
        if changes.paths is None or fits(changes.paths):
            return changes
        changes = Changes(changes.token, None, "token-too-old")
        self._count(changes.reason)
        return changes

    def _json(self, message: bytes, reply: Callable[[bytes], None]) -> object:
        prefix, found, rest = message.rpartition(_SINCE)
        known_prefix, is_git = self._known_prefix
        if found and prefix == known_prefix and _is_plain(rest):
            mismatch = self._clients.view_mismatch(reply)
            changes = self._changes(rest[1:-2], mismatch, is_git=is_git)
            return self._wire(changes, reply, with_reason=True)
        import json

        if len(message) > _MAX_OBJECT:
            error = f"the request has {len(message)} bytes: send at most {_MAX_OBJECT}"
            return json.dumps({"error": error}).encode()
        try:
            with self._parsing:
                request = json.loads(message)
        except (ValueError, RecursionError) as error:
            return json.dumps({"error": f"not a JSON object: {error}"}).encode()
        try:
            command = request.get("command")
            if command in ("wait", "subscribe", "cursor") or (
                command == "query" and not _NEW_FIELDS.isdisjoint(request)
            ):
                return self._answer_more(command, request, reply)
            if command in ("query", "flush"):
                return self._query_or_flush(request, reply, prefix)
            handler = self._commands.get(command) if isinstance(command, str) else None
            answer = (handler or self._unknown_command)(request)
        except ValueError as error:  # the request is invalid
            answer = {"error": str(error)}
        return json.dumps(answer).encode()

    def _unknown_command(self, request: Mapping[str, object]) -> dict[str, object]:
        command, names = short(request.get("command")), ", ".join(self._names)
        return {"error": f"no such command: {command}; the commands are {names}"}

    def _query_or_flush(
        self, request: Mapping[str, object], reply: Callable[[bytes], None], prefix: bytes
    ) -> bytes:
        """Answer a query or a flush, in the requested form."""
        form, client = request.get("form", "object"), request.get("client")
        if form not in ("wire", "object"):
            raise ValueError(f"'form' must be 'wire' or 'object', not {short(form)}")
        since = since_in(request)
        other_tree = self._clients.tree_mismatch(request)
        mismatch = other_tree or self._clients.view_mismatch(reply)
        if request["command"] == "flush":
            changes, prefix = _marked(self._monitor.flush(), mismatch), b""
        else:
            changes = self._changes(since, mismatch, is_git=client == "git")
        if form == "object":
            import json

            return json.dumps(_as_object(changes)).encode()
        if (
            prefix
            and since is not None
            and other_tree is None
            and self._clients.names_root(request)
        ):
            self._known_prefix = prefix, client == "git"
        return self._wire(changes, reply, with_reason=True)

    def _cursors(self) -> dict[str, str]:
        with self._monitor.kept() as kept:
            return dict(kept.cursors)

    @property
    def waiting(self) -> int:
        """How many clients wait for changes; any thread."""
        return 0 if self._answering is None else len(self._answering.subscriptions)

    def tick(self) -> None:
        """Do periodic work; to be called about twice a second."""
        if self._answering is not None:
            self._answering.subscriptions.tick()

    def end(self, reason: str) -> None:
        """Have all who wait for changes told that there will be no more answers; never blocks."""
        self._ended = self._ended or reason
        if self._answering is not None:
            self._answering.subscriptions.end(reason)

    def stop(self) -> None:
        """Join the thread of those who wait for changes, after `end`."""
        if self._answering is not None:
            self._answering.subscriptions.stop()

    def _answer_more(
        self, command: str, request: Mapping[str, object], reply: Callable[[bytes], None]
    ) -> object:
        """Answer what only fsmond's own clients ask."""
        mismatch = self._clients.tree_mismatch(request) or self._clients.view_mismatch(reply)

        def refused(since: bytes | None) -> "Result | None":
            from fsmond.answering.answers import Result

            if mismatch is None:
                return None
            changes = self._everything_for(mismatch, since)
            return Result(bytes(changes.token), None, changes.reason)

        answering = self._more()
        if command == "query":
            return answering.query(request, reply, refused)
        if command == "cursor":
            import json

            return json.dumps(answering.cursor(request)).encode()
        return answering.listen(request, refused, once=command == "wait")

    def _more(self) -> "Answering":
        with self._making:
            if self._answering is None:
                from fsmond.answering.service import Answering

                assert self.ignore_rules is not None
                self._answering = Answering(self._monitor, self.ignore_rules, self._count)
            if self._ended is not None:
                self._answering.subscriptions.end(self._ended)
            return self._answering

    def _verify(self, request: Mapping[str, object]) -> dict[str, object]:
        timeout = request.get("timeout", _VERIFY_TIMEOUT)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
            return {"error": f"'timeout' must be a number of seconds, not {short(timeout)}"}
        if not self._verifiers.acquire(blocking=False):
            return {
                "error": f"{_MAX_VERIFIERS} other clients wait for a verification; try again later"
            }
        try:
            deadline = time.monotonic() + min(timeout, _VERIFY_TIMEOUT)
            result = self._monitor.index_worker.verify(deadline)
        finally:
            self._verifiers.release()
        if result is None:
            ending = self._monitor.index_worker.is_stopping
            why = "the daemon is ending" if ending else f"it takes more than {timeout:g} s"
            return {"error": f"the comparison was not done: {why}"}
        found = result.differences
        listed = found[: _fitting_count(each.path for each in found)]
        answer = result._replace(differences=listed).to_object()
        return {**answer, "omitted": len(found) - len(listed)}

    def _version(self, request: Mapping[str, object]) -> dict[str, object]:
        return {
            "version": __version__,
            "commands": self._names,
            "ended": self._monitor.why_ended(),
            "root": os.fsdecode(self._monitor.root),
            "other_root": self._clients.tree_mismatch(request) is not None,
        }

    def _status(self, _: Mapping[str, object]) -> dict[str, object]:
        monitor, index_worker = self._monitor, self._monitor.index_worker
        unreadable = monitor.watcher.unreadable()
        counts = monitor.watcher.counts()
        return {
            "root": os.fsdecode(monitor.root),
            "tree_id": self._clients.tree_id,
            "mount_namespace": self._clients.namespace,
            "pid": os.getpid(),
            "version": __version__,
            "uptime_seconds": round(time.time() - monitor.started, 3),
            "memory_bytes": memory_in_use(),
            "session": monitor.session,
            "directories": counts.directories + index_worker.scanned,
            "coverage": {"events": counts.directories, "scan": index_worker.scanned, "none": 0},
            "advice": counts.advice,
            "state": index_worker.state,
            "listed": counts.directories - counts.unlisted,
            "indexed": index_worker.reconciler.directories,
            "compared": index_worker.reconciler.compared,
            "unreadable": [os.fsdecode(path) for path in unreadable[: _fitting_count(unreadable)]],
            "events": counts.events,
            "queries": monitor.queries,
            "history": monitor.history_status()._asdict(),
            "cursors": self._cursors(),  # waits until they are loaded
            "waiting": self.waiting,
            "everything": dict(self._everything_counts),
            "resynced": monitor.resyncs.count,
            "resyncs": [each._asdict() for each in monitor.resyncs.newest],
            **{name: fact() if callable(fact) else fact for name, fact in self._facts.items()},
        }


def _respelled(changes: Changes, spellings: "Spellings") -> Changes:
    """Add the paths as Git's index spells them; return everything if it cannot be read."""
    try:
        return changes._replace(paths=spellings.with_indexed(changes.paths or []))
    except (OSError, ValueError) as error:
        _log.warning("cannot read the names in Git's index: %s", error)
        return Changes(changes.token, None, "degraded")


def _as_object(changes: Changes) -> dict[str, object]:
    token, paths, reason, _ = changes
    return Answer(os.fsdecode(bytes(token)), paths, reason).to_object()


def _marked(changes: Changes, mismatch: Mismatch | None) -> Changes:
    """Mark the token of an answer of everything, if the client may not get exact answers."""
    if mismatch is None:
        return changes
    token = Token(f"{changes.token.session}{mismatch.mark}", changes.token.sequence)
    return changes._replace(token=token)


def _fitting_count(paths: Iterable[bytes]) -> int:
    """Return how many of these a JSON answer may list: clients have limits."""
    size = 0
    for count, path in enumerate(paths):
        size += len(path)
        if count == _MAX_LISTED or size > _MAX_LISTED_BYTES:
            return count
    return _MAX_LISTED


def _is_plain(rest: bytes) -> bool:
    """Return whether this is a JSON string without escapes, and the end of an object."""
    return rest[:1] == b'"' and rest[-2:] == b'"}' and rest.count(b'"') == 2 and b"\\" not in rest  # noqa: PLR2004 - around it
