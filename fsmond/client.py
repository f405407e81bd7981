"""The client for Python programs: query which paths changed."""

import os

from fsmond.errors import (
    AnswerError,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    PathError,
    UnresponsiveError,
)
from fsmond.exchange import exchange
from fsmond.protocol import (
    FLUSH,
    MAX_ANSWER_BYTES,
    MAX_OBJECT_BYTES,
    QUIT,
    Answer,
    ask_changes,
    bytes_of,
    daemon_name,
    daemon_of,
    read_object,
    tree_fields,
)
from fsmond.rendezvous import place_of
from ipc.errors import Error as IPCError
from ipc.errors import HungUpError, NoServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.rendezvous import StrPath

_ATTEMPTS = 5  # the first may find a daemon that is exiting, another none, the last a new one
_EXIT_PAUSE = 0.05  # seconds after the first attempt that finds a daemon which is exiting
TIMEOUT = 5.0  # seconds; a daemon that is not suspended takes one at most
VERIFY_TIMEOUT = 620.0  # seconds; a daemon gives up a little before
_FIRST_TIMEOUT = 2.0  # seconds before the first check whether a signal has suspended the daemon


class Client:
    """A client of one tree's daemon; thread-safe.

    Raises PathError.  Requests also raise NotRunningError, StartError, OtherUserError, AnswerError,
    or UnresponsiveError, a TimeoutError, if there is no answer within `timeout` seconds.
    """

    def __init__(
        self, path: "StrPath" = ".", *, start: bool = True, timeout: float = TIMEOUT
    ) -> None:
        self.place = place_of(path)
        self._start = start
        self._timeout = timeout
        self._tree = self._tree_fields()

    def query(self, since: str | None = None) -> Answer:
        """Return what changed since the answer with this token; without one, everything."""
        return Answer.from_wire(self.changes(since))

    def changes(self, since: str | None = None) -> bytes:
        """Return the answer of `query` as bytes; after the `/` of everything, the reason."""
        reply = ask_changes(self.ask, since, self._tree)
        if reply.endswith(b"\0/\0other-root\0"):
            # The root may have been replaced by another directory since this client was made.
            tree, self._tree = self._tree, self._tree_fields()
            if tree != self._tree:
                reply = ask_changes(self.ask, since, self._tree)
        return reply

    def status(self) -> dict[str, object]:
        """Return the daemon's status.  Never starts a daemon."""
        status = self.request("status", start=False)
        self._check_tree(status)
        return status

    def flush(self) -> Answer:
        """Invalidate all tokens.  Never starts a daemon."""
        try:  # noqa: SIM105 - a query imports no contextlib
            self.status()  # fails early if the daemon watches another tree
        except OtherDaemonError:
            pass  # Git's own daemon knows this request, too
        answer = Answer.from_wire(self.ask(FLUSH, start=False))
        answer.reason = "flush"
        return answer

    def quit(self) -> None:
        """Ask the daemon to quit; it exits after this returns."""
        self.ask(QUIT, start=False)

    def verify(self) -> dict[str, object]:
        """Compare the whole tree with the daemon's index, which may take minutes."""
        self.status()  # fails early if there is no answer, or the daemon watches another tree
        result = self.request("verify", start=False, patience=VERIFY_TIMEOUT)
        match result:
            case {"differences": list(found), "directories": int(), "seconds": int() | float()}:
                if all(map(_is_difference, found)):
                    return result
        raise AnswerError(f"verify: unexpected answer: {str(result)[:200]!a}")

    def request(
        self,
        command: str,
        *,
        start: bool | None = None,
        patience: float | None = None,
        **details: object,
    ) -> dict[str, object]:
        """Send one of fsmond's JSON requests; return the object that answers it.

        `patience`: seconds to wait for the answer, instead of the client's `timeout`.
        """
        import json  # slow to import, and not needed for a query

        message = json.dumps({"command": command, **details}).encode()
        reply = self.ask(message, start=start, limit=MAX_OBJECT_BYTES, patience=patience)
        if reply[:1] != b"{":
            root, daemon = _shown(self.place.root), daemon_of(reply)
            advice = "to replace it: fsmond start --replace"
            raise OtherDaemonError(f"{daemon_name(daemon)} is watching {root}; {advice}", daemon)
        try:
            return read_object(reply)
        except AnswerError as error:
            raise AnswerError(f"{command}: {error}") from error

    def ask(
        self,
        message: bytes,
        *,
        start: bool | None = None,
        limit: int = MAX_ANSWER_BYTES,
        patience: float | None = None,
    ) -> bytes:
        """Send a request's bytes; return the answer's bytes."""
        may_start = self._start if start is None else start
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._exchange(message, limit, patience)
            except NoServerError as error:
                if not may_start or attempt == _ATTEMPTS:
                    root = _shown(self.place.root)
                    text = f"no daemon is watching {root}; to start one: fsmond start"
                    raise NotRunningError(text) from error
                self._launch()
            except HungUpError as error:
                if attempt == _ATTEMPTS:
                    raise self._unanswered(error) from error
                from time import sleep  # rarely needed

                sleep(_EXIT_PAUSE * attempt)  # the daemon is exiting: soon there is none
            except IPCError as error:
                raise self._unanswered(error) from error
        raise AssertionError

    def _exchange(self, message: bytes, limit: int, patience: float | None) -> bytes:
        socket, root = self.place.socket, self.place.root
        first = min(self._timeout, _FIRST_TIMEOUT) if patience is None else patience
        try:
            return exchange(socket, message, root=root, timeout=first, limit=limit)
        except UnresponsiveError as error:
            if error.is_stopped or first >= self._timeout:
                raise
        # The machine may just be busy.  Any request can be sent twice.
        rest = self._timeout - first
        return exchange(socket, message, root=root, timeout=rest, limit=limit)

    def _tree_fields(self) -> str:
        try:
            return tree_fields(self.place.root, self.place.tree_id())
        except OSError as error:
            raise PathError(f"{os.fsdecode(self.place.root)}: {error.strerror}") from error

    def _check_tree(self, status: dict[str, object]) -> None:
        """Raise OtherTreeError unless a status is that of this tree's daemon."""
        theirs = status.get("tree_id")
        try:
            same = bool(theirs) and theirs == self.place.tree_id()
        except OSError:
            same = False
        if not (same or theirs):
            same = os.path.normcase(_root_in(status)) == os.path.normcase(self.place.root)
        if not same:
            root, other = map(_shown, (self.place.root, _root_in(status)))
            raise OtherTreeError(
                f"the daemon at {_shown(self.place.socket)} watches {other}, not {root}; "
                "to watch this tree: fsmond start --replace"
            )

    def _unanswered(self, error: Exception) -> AnswerError:
        return AnswerError(f"no answer from {_shown(self.place.socket)}: {error}")

    def _launch(self) -> None:
        from fsmond.process.launch import launch  # slow to import, and rarely needed

        launch(self.place)


def _root_in(status: dict[str, object]) -> bytes:
    root = status.get("root")
    try:
        return bytes_of(root) if isinstance(root, str) else b"?"
    except UnicodeEncodeError:
        return b"?"


def _is_difference(each: object) -> bool:
    match each:
        case {"path": str(path), "kind": str()}:
            try:
                return bytes_of(path) != b""
            except UnicodeEncodeError:
                return False
    return False


def _shown(path: bytes) -> str:
    from fsmond.printable import printable  # rarely needed

    return printable(path)
