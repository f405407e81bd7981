"""What clients ask, and the answers.

`json` is imported when it is needed: whoever starts a daemon waits for its imports.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from fsmond import __version__
from fsmond.daemon.askers import Askers, Elsewhere
from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.git.index_file import may_keep_untracked
from fsmond.journal.token import Token
from fsmond.protocol import (
    EVERYTHING,
    FLUSH,
    MOST_BYTES,
    MOST_PATHS,
    NO_TOKEN,
    QUIT,
    Answer,
)
from ipc.server import QUIT as STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.git.spellings import Spellings

_LONGEST = 80  # characters of what was sent that an error repeats
_LONGEST_OBJECT = 1 << 16  # bytes; the worst of this size keeps the interpreter for 4 ms
_PIECE = 4000  # paths that are sent at a time: a few packets
_FEW = 1000  # paths that are always few enough
_MOST_LISTED = 5000  # directories or differences that an object names
_MOST_NAMED = 512 << 10  # bytes of their names, which JSON makes up to six times as long
_SINCE = b', "since": '  # what is last in the requests of fsmond's own clients

_VERIFY_PATIENCE = 600.0  # seconds; ten million files take less
_VERIFIERS = 4  # requests that may wait for so long; all others need the threads as well

_log = logging.getLogger(__name__)


class Requests:
    """The application of the daemon's server; called on its workers' threads."""

    def __init__(
        self,
        monitor: Monitor,
        facts: Mapping[str, object],
        *,
        git_index: bytes | None = None,
        askers: Askers | None = None,
    ) -> None:
        self._monitor = monitor
        self._askers = askers or Askers(monitor.root)
        self._git_index = git_index  # the path of Git's index, if this is a worktree
        self._facts = facts  # what `status` tells and the monitor does not know
        self._commands: dict[str, Callable[[Mapping[str, object]], dict[str, object]]] = {
            "status": self._status,
            "verify": self._verify,
            "version": self._version,
        }
        # Held while an object is parsed: each keeps the interpreter for some milliseconds at worst,
        # which many at the same time would do to a query in between.
        self._parsing = threading.Lock()
        self._names = sorted([*self._commands, "query", "flush"])
        # How a request for the wire's form began that meant this tree, and whether it was Git's:
        # as a rule the next one begins so as well, and need not be parsed.
        self._beginning: tuple[bytes, bool] = (b"", False)
        self._verifiers = threading.BoundedSemaphore(_VERIFIERS)
        # The token that was told last, as it was written: as a rule the next request has it.
        self._told: tuple[bytes, Token | None] = (b"", None)
        self.spellings: Spellings | None = None
        """How Git's index spells names, where the file system folds case; set before any call."""
        self._everything: dict[str, int] = {}  # by reason; figures for people, without a lock

    def __call__(self, message: bytes, reply: Callable[[bytes], None]) -> object:
        """Answer one request; what is returned is the answer's last piece, or ends the daemon."""
        if message[:1] == b"{":
            return self._object(message, reply)
        if message == QUIT:
            _log.info("asked to quit")
            return STOP
        elsewhere = self._askers.view_of(reply)
        if message == FLUSH:
            return self._wire(_placed(self._monitor.flush(), elsewhere), reply)
        since = None if message == NO_TOKEN else message
        return self._wire(self._changes(since, elsewhere, is_git=True), reply)

    def _changes(self, since: bytes | None, elsewhere: Elsewhere | None, *, is_git: bool) -> Missed:
        """Return what changed, for who asks from here or elsewhere, and may be Git."""
        if elsewhere is not None:
            return self._everything_elsewhere(since, elsewhere)
        text, token = self._told
        missed = self._monitor.query(token if token and since == text else since)
        if missed.paths and self.spellings is not None:
            missed = _respelled(missed, self.spellings)
        if missed.paths is None or (is_git and since is not None and since.isdigit()):
            missed = self._noted(since, missed, is_git=is_git)
        return missed

    def _everything_elsewhere(self, since: bytes | None, elsewhere: Elsewhere) -> Missed:
        monitor = self._monitor
        monitor.queries += 1
        if since is not None and since.isdigit():
            # Git keeps this time as its token, and it says nothing of where it was asked.
            monitor.timestamps.forget()
        reason = elsewhere.reason if monitor.why_ended() is None else "degraded"
        missed = Missed(Token(monitor.session, 0), None, reason)
        self._count(missed)
        return _placed(missed, elsewhere)

    def _noted(self, since: bytes | None, missed: Missed, *, is_git: bool) -> Missed:
        """Take notice of an answer; one to Git may have to say more: see `docs/git.md`."""
        self._count(missed)
        if since is None or not is_git:
            return missed
        if since.isdigit():
            self._monitor.timestamps.note_answer(told=missed.paths is not None)
        if missed.paths is None and self._git_keeps_untracked():
            missed = missed._replace(token=missed.token._replace(is_unsure=True))
        return missed

    def _git_keeps_untracked(self) -> bool:
        return self._git_index is not None and may_keep_untracked(self._git_index)

    def _count(self, missed: Missed) -> None:
        if missed.reason is not None:
            self._everything[missed.reason] = self._everything.get(missed.reason, 0) + 1

    def _wire(
        self, missed: Missed, reply: Callable[[bytes], None], *, reasoned: bool = False
    ) -> bytes:
        """Send all of `TOKEN NUL (PATH NUL)*` but its last piece, and return that.

        `reasoned`: behind the `/` of everything there is the reason, which Git passes over.
        """
        text, token = self._told
        if token is not missed.token:
            text = bytes(missed.token)
            self._told = text, missed.token
        if missed.paths == []:
            return text + b"\0"
        missed = self._bounded(missed)
        fields = [text]
        if missed.paths is not None:
            fields += missed.paths
        else:
            reason = [missed.reason.encode()] if reasoned and missed.reason else []
            fields += [EVERYTHING, *reason]
        last = (len(fields) - 1) // _PIECE * _PIECE
        for at in range(0, last, _PIECE):
            reply(b"\0".join(fields[at : at + _PIECE]) + b"\0")
        return b"\0".join((*fields[last:], b""))

    def _bounded(self, missed: Missed) -> Missed:
        """Return an answer that a client takes: it has bounds, as anybody may be at a socket."""
        paths = missed.paths
        if paths is None or len(paths) < _FEW:
            return missed
        if len(paths) <= MOST_PATHS and sum(map(len, paths)) + len(paths) < MOST_BYTES - _FEW:
            return missed
        missed = Missed(missed.token, None, "token-too-old")
        self._count(missed)
        return missed

    def _object(self, message: bytes, reply: Callable[[bytes], None]) -> bytes:
        beginning, found, rest = message.rpartition(_SINCE)
        known, is_git = self._beginning
        if found and beginning == known and _is_plain(rest):
            missed = self._changes(rest[1:-2], self._askers.view_of(reply), is_git=is_git)
            return self._wire(missed, reply, reasoned=True)
        import json

        if len(message) > _LONGEST_OBJECT:
            error = f"the request has {len(message)} bytes: send at most {_LONGEST_OBJECT}"
            return json.dumps({"error": error}).encode()
        try:
            with self._parsing:
                request = json.loads(message)
        except (ValueError, RecursionError) as error:
            return json.dumps({"error": f"not a JSON object: {error}"}).encode()
        try:
            command = request.get("command")
            if command in ("query", "flush"):
                return self._answer(request, reply, beginning)
            carry_out = self._commands.get(command) if isinstance(command, str) else None
            answer = (carry_out or self._unknown)(request)
        except ValueError as error:  # what is asked for makes no sense
            answer = {"error": str(error)}
        return json.dumps(answer).encode()

    def _unknown(self, request: Mapping[str, object]) -> dict[str, object]:
        command, names = _short(request.get("command")), ", ".join(self._names)
        return {"error": f"no such command: {command}; there are {names}"}

    def _answer(
        self, request: Mapping[str, object], reply: Callable[[bytes], None], beginning: bytes
    ) -> bytes:
        """Answer a query or a flush, in the form that is asked for."""
        form, client = request.get("form", "object"), request.get("client")
        if form not in ("wire", "object"):
            raise ValueError(f"'form' is 'wire' or 'object', not {_short(form)}")
        since = _since_in(request)
        other_tree = self._askers.tree_of(request)
        elsewhere = other_tree or self._askers.view_of(reply)
        if request["command"] == "flush":
            missed, beginning = _placed(self._monitor.flush(), elsewhere), b""
        else:
            missed = self._changes(since, elsewhere, is_git=client == "git")
        if form == "object":
            import json

            return json.dumps(_as_object(missed)).encode()
        if (
            beginning
            and since is not None
            and other_tree is None
            and self._askers.is_plain(request)
        ):
            self._beginning = beginning, client == "git"
        return self._wire(missed, reply, reasoned=True)

    def _verify(self, request: Mapping[str, object]) -> dict[str, object]:
        timeout = request.get("timeout", _VERIFY_PATIENCE)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
            return {"error": f"'timeout' is a number of seconds, not {_short(timeout)}"}
        if not self._verifiers.acquire(blocking=False):
            return {"error": f"{_VERIFIERS} others wait for that; try again later"}
        try:
            deadline = time.monotonic() + min(timeout, _VERIFY_PATIENCE)
            verdict = self._monitor.keeper.verify(deadline)
        finally:
            self._verifiers.release()
        if verdict is None:
            ending = self._monitor.keeper.reconciler.ended
            why = "the daemon is ending" if ending else f"it takes more than {timeout:g} s"
            return {"error": f"the comparison was not done: {why}"}
        found = verdict.differences
        listed = found[: _how_many(each.path for each in found)]
        told = verdict._replace(differences=listed).to_object()
        return {**told, "omitted": len(found) - len(listed)}

    def _version(self, request: Mapping[str, object]) -> dict[str, object]:
        return {
            "version": __version__,
            "commands": self._names,
            "ended": self._monitor.why_ended(),
            "root": os.fsdecode(self._monitor.root),
            "other_root": self._askers.tree_of(request) is not None,
        }

    def _status(self, _: Mapping[str, object]) -> dict[str, object]:
        monitor, keeper = self._monitor, self._monitor.keeper
        unreadable = monitor.watcher.unreadable()
        counts = monitor.watcher.counts()
        return {
            "root": os.fsdecode(monitor.root),
            "tree_id": self._askers.tree_id,
            "mount_namespace": self._askers.namespace,
            "pid": os.getpid(),
            "version": __version__,
            "uptime_seconds": round(time.time() - monitor.started, 3),
            "session": monitor.session,
            "directories": counts.directories + keeper.scanned,
            "coverage": {"events": counts.directories, "scan": keeper.scanned, "none": 0},
            "advice": counts.advice,
            "state": keeper.state,
            "listed": counts.directories - counts.unlisted,
            "indexed": keeper.reconciler.directories,
            "compared": keeper.reconciler.compared,
            "unreadable": [os.fsdecode(path) for path in unreadable[: _how_many(unreadable)]],
            "events": counts.events,
            "queries": monitor.queries,
            "everything": dict(self._everything),
            "resynced": monitor.resyncs.count,
            "resyncs": [each._asdict() for each in monitor.resyncs.newest],
            **{name: fact() if callable(fact) else fact for name, fact in self._facts.items()},
        }


def _respelled(missed: Missed, spellings: "Spellings") -> Missed:
    """Add how Git's index spells the paths; everything if that cannot be known."""
    try:
        return missed._replace(paths=spellings.with_indexed(missed.paths or []))
    except (OSError, ValueError) as error:
        _log.warning("cannot read the names in Git's index: %s", error)
        return Missed(missed.token, None, "degraded")


def _as_object(missed: Missed) -> dict[str, object]:
    token, paths, reason = missed
    return Answer(os.fsdecode(bytes(token)), paths, reason).to_object()


def _placed(missed: Missed, elsewhere: Elsewhere | None) -> Missed:
    """Return an answer of everything as who asks from elsewhere may have it."""
    if elsewhere is None:
        return missed
    token = Token(f"{missed.token.session}{elsewhere.mark}", missed.token.sequence)
    return missed._replace(token=token)


def _how_many(paths: Iterable[bytes]) -> int:
    """Return how many of these an object may name: clients have bounds."""
    size = 0
    for count, path in enumerate(paths):
        size += len(path)
        if count == _MOST_LISTED or size > _MOST_NAMED:
            return count
    return _MOST_LISTED


def _since_in(request: Mapping[str, object]) -> bytes | None:
    since = request.get("since")
    if since is not None and not isinstance(since, str):
        raise ValueError(f"'since' is a token or null, not {_short(since)}")
    return None if since is None else since.encode("utf-8", "surrogatepass")


def _is_plain(rest: bytes) -> bool:
    """Say whether this is a JSON string without escapes, and the end of an object."""
    return rest[:1] == b'"' and rest[-2:] == b'"}' and rest.count(b'"') == 2 and b"\\" not in rest  # noqa: PLR2004 - around it


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
