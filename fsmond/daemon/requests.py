"""What clients ask, and the answers.

`json` is imported when it is needed: whoever starts a daemon waits for its imports.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from fsmond import __version__
from fsmond.daemon.missed import Missed
from fsmond.daemon.monitor import Monitor
from fsmond.git.index_file import may_keep_untracked
from fsmond.journal.token import Token
from fsmond.protocol import EVERYTHING, FLUSH, NO_TOKEN, QUIT, Answer
from ipc.server import QUIT as STOP

_LONGEST = 80  # characters of what was sent that an error repeats
_LONGEST_OBJECT = 1 << 16  # bytes; the worst of this size keeps the interpreter for 4 ms
_PIECE = 4000  # paths that are sent at a time: a few packets

_VERIFY_PATIENCE = 600.0  # seconds; ten million files take less
_VERIFIERS = 4  # requests that may wait for so long; all others need the threads as well

_log = logging.getLogger(__name__)


class Requests:
    """The application of the daemon's server; called on its workers' threads."""

    def __init__(
        self, monitor: Monitor, facts: Mapping[str, object], *, git_index: bytes | None = None
    ) -> None:
        self._monitor = monitor
        self._git_index = git_index  # the path of Git's index, if this is a worktree
        self._facts = facts  # what `status` tells and the monitor does not know
        self._commands: dict[str, Callable[[Mapping[str, object]], dict[str, object]]] = {
            "query": self._query,
            "status": self._status,
            "flush": self._flush,
            "verify": self._verify,
            "version": self._version,
        }
        # Held while an object is parsed: each keeps the interpreter for some milliseconds at worst,
        # which many at the same time would do to a query in between.
        self._parsing = threading.Lock()
        self._verifiers = threading.BoundedSemaphore(_VERIFIERS)
        # The token that was told last, as it was written: as a rule the next request has it.
        self._told: tuple[bytes, Token | None] = (b"", None)
        self._everything: dict[str, int] = {}  # by reason; figures for people, without a lock

    def __call__(self, message: bytes, reply: Callable[[bytes], None]) -> object:
        """Answer one request; what is returned is the answer's last piece, or ends the daemon."""
        if message[:1] == b"{":
            import json

            return json.dumps(self._object(message)).encode()
        if message == QUIT:
            _log.info("asked to quit")
            return STOP
        if message == FLUSH:
            return self._wire(self._monitor.flush(), reply)
        text, token = self._told
        missed = self._monitor.query(token if token and message == text else message)
        if missed.paths is None or message.isdigit():
            missed = self._noted(message, missed)
        return self._wire(missed, reply)

    def _noted(self, message: bytes, missed: Missed) -> Missed:
        """Take notice of an answer that may be Git's: see `docs/git.md`, "What Git forgets"."""
        self._count(missed)
        if message.isdigit():
            self._monitor.timestamps.note_answer(told=missed.paths is not None)
        if missed.paths is None and message != NO_TOKEN and self._git_keeps_untracked():
            missed = missed._replace(token=missed.token._replace(is_unsure=True))
        return missed

    def _git_keeps_untracked(self) -> bool:
        return self._git_index is not None and may_keep_untracked(self._git_index)

    def _count(self, missed: Missed) -> None:
        if missed.reason is not None:
            self._everything[missed.reason] = self._everything.get(missed.reason, 0) + 1

    def _wire(self, missed: Missed, reply: Callable[[bytes], None]) -> bytes:
        """Send all of `TOKEN NUL (PATH NUL)*` but its last piece, and return that."""
        text, token = self._told
        if token is not missed.token:
            text = bytes(missed.token)
            self._told = text, missed.token
        if missed.paths == []:
            return text + b"\0"
        paths = [EVERYTHING] if missed.paths is None else missed.paths
        fields = [text, *paths]
        last = (len(fields) - 1) // _PIECE * _PIECE
        for at in range(0, last, _PIECE):
            reply(b"\0".join(fields[at : at + _PIECE]) + b"\0")
        return b"\0".join((*fields[last:], b""))

    def _object(self, message: bytes) -> dict[str, object]:
        import json

        if len(message) > _LONGEST_OBJECT:
            return {
                "error": f"the request has {len(message)} bytes: send at most {_LONGEST_OBJECT}"
            }
        try:
            with self._parsing:
                request = json.loads(message)
        except (ValueError, RecursionError) as error:
            return {"error": f"not a JSON object: {error}"}
        command = request.get("command")
        known = self._commands.get(command) if isinstance(command, str) else None
        if known is None:
            names = ", ".join(sorted(self._commands))
            return {"error": f"no such command: {_short(command)}; there are {names}"}
        return known(request)

    def _query(self, request: Mapping[str, object]) -> dict[str, object]:
        since = request.get("since")
        if since is not None and not isinstance(since, str):
            return {"error": f"'since' is a token or null, not {_short(since)}"}
        token = None if since is None else since.encode("utf-8", "surrogatepass")
        missed = self._monitor.query(token)
        self._count(missed)
        return _as_object(missed)

    def _flush(self, _: Mapping[str, object]) -> dict[str, object]:
        return _as_object(self._monitor.flush())

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
        return verdict.to_object()

    def _version(self, _: Mapping[str, object]) -> dict[str, object]:
        ended = self._monitor.why_ended()
        return {"version": __version__, "commands": sorted(self._commands), "ended": ended}

    def _status(self, _: Mapping[str, object]) -> dict[str, object]:
        monitor, keeper = self._monitor, self._monitor.keeper
        counts = monitor.watcher.counts()
        return {
            "root": os.fsdecode(monitor.root),
            "pid": os.getpid(),
            "version": __version__,
            "uptime_seconds": round(time.time() - monitor.started, 3),
            "session": monitor.session,
            "directories": counts.directories + keeper.scanned,
            "coverage": {"events": counts.directories, "scan": keeper.scanned, "none": 0},
            "advice": counts.advice,
            "state": keeper.state,
            "compared": keeper.reconciler.compared,
            "unreadable": [os.fsdecode(path) for path in monitor.watcher.unreadable()],
            "events": counts.events,
            "queries": monitor.queries,
            "everything": dict(self._everything),
            "resynced": monitor.resyncs.count,
            "resyncs": [each._asdict() for each in monitor.resyncs.newest],
            **{name: fact() if callable(fact) else fact for name, fact in self._facts.items()},
        }


def _as_object(missed: Missed) -> dict[str, object]:
    token, paths, reason = missed
    return Answer(os.fsdecode(bytes(token)), paths, reason).to_object()


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
