"""The client for Python programs: query which paths changed."""

import os

from fsmond.errors import (
    AnswerError,
    DaemonEndedError,
    Error,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    PathError,
    UnresponsiveError,
)
from fsmond.exchange import exchange, open_connection
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
from fsmond.rendezvous import Place, place_of
from ipc.errors import Error as IPCError
from ipc.errors import HungUpError, NoServerError, TimedOutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self, TypeVar, Unpack

    from fsmond.listening import Batches, Filters, Waiting
    from fsmond.rendezvous import StrPath
    from fsmond.results import Status, Verification
    from ipc import Peer
    from ipc.client import Connection

    _T = TypeVar("_T")

_ATTEMPTS = 5  # the first may find a daemon that is exiting, another none, the last a new one
_EXIT_PAUSE = 0.05  # seconds after the first attempt that finds a daemon which is exiting
TIMEOUT = 5.0  # seconds; a daemon that is not suspended takes one at most
VERIFY_TIMEOUT = 620.0  # seconds; a daemon gives up a little before
_FIRST_TIMEOUT = 2.0  # seconds before the first check whether a signal has suspended the daemon


class Client:
    """A client of one tree's daemon; thread-safe, and a context manager.

    It holds nothing open between two requests.  Raises PathError.  Requests also raise
    NotRunningError, StartError, OtherUserError, AnswerError,
    or UnresponsiveError, a TimeoutError, if there is no answer within `timeout` seconds.
    """

    def __init__(
        self, path: "StrPath | Place" = ".", *, start: bool = True, timeout: float = TIMEOUT
    ) -> None:
        self.place = path if isinstance(path, Place) else place_of(path)
        self._start = start
        self._timeout = timeout
        self._tree = self._tree_fields()

    @property
    def root(self) -> "Path":
        """The directory that is watched: the worktree that contains the path, or the path."""
        from pathlib import Path  # slow to import, and not needed for a query

        return Path(os.fsdecode(self.place.root))

    def query(self, since: str | None = None, **options: "Unpack[Filters]") -> Answer:
        """Return what changed since the answer with this token; without one, everything.

        With a `cursor`, since the last answer under that name: it moves when the answer arrived.
        Raise AnswerError also for a pattern, or a cursor's name, that is not valid.
        """
        if not options:
            return Answer.from_wire(self.changes(since))
        return self._answer_to("query", since, options, self.ask)

    def wait(self, since: str | None = None, **options: "Unpack[Waiting]") -> Answer:
        """Return as soon as anything changed since a token, or since now; see `query`.

        After `timeout` seconds the answer `is_empty`.  Raise DaemonEndedError if the daemon ends.
        """
        from fsmond.listening import patience_for  # a query does not need it

        patience = patience_for(options.get("timeout"))

        def send(message: bytes) -> bytes:
            return self._attempt(lambda: self._send_once(message, patience), self._start)

        return self._answer_to("wait", since, options, send)

    def subscribe(
        self, since: str | None = None, **options: "Unpack[Batches]"
    ) -> "Generator[Answer, None, None]":
        """Yield an answer for each batch of changes since a token, or since now; see `query`.

        The first step of the iterator connects.  A cursor moves when the next answer is asked for.
        Raise DaemonEndedError when the daemon ends: subscribe again since the last token.
        """
        from fsmond.listening import AnswerStream

        stream = AnswerStream(self.place.root, kinds=options.get("kinds") is True)
        message = self.message("subscribe", since, options)
        connection = self.connect()
        cursor = options.get("cursor")
        with connection:
            try:
                for data in connection.stream_command(message):
                    for answer in stream.feed(data):
                        yield answer
                        if cursor is not None and options.get("move", True):
                            self.move_cursor(cursor, answer.token)
            except IPCError as error:
                raise self.broken(error, connection.peer) from error
        stream.finish()

    def message(self, command: str, since: str | None, options: "Mapping[str, object]") -> bytes:
        """Return a request of `query`, `wait` or `subscribe` with options, for `connect`."""
        from fsmond.listening import request_for

        # The root may have been replaced by another directory since this client was made.
        self._tree = self._tree_fields()
        return request_for(command, self._tree, since, options)

    def connect(self) -> "Connection":
        """Return a connection to the daemon, for one request; start the daemon if need be."""
        return self._attempt(self._connect, self._start)

    def broken(self, error: IPCError, peer: "Peer | None") -> Error:
        """Return the error to raise if an exchange with a server failed, after `connect`."""
        from fsmond import diagnosis  # rarely needed

        if isinstance(error, HungUpError):
            refused = diagnosis.refused(self.place.root, peer)
            return refused or DaemonEndedError(f"the connection to the daemon broke: {error}")
        if isinstance(error, TimedOutError):
            return diagnosis.unresponsive(self.place.root, peer)
        return self._unanswered(error)

    def cursors(self) -> dict[str, str]:
        """Return the token of each cursor, by name."""
        found = self.request("cursor", action="list").get("cursors")
        if not isinstance(found, dict):
            raise AnswerError(f"cursor: unexpected answer: {str(found)[:200]!a}")
        return {str(name): str(token) for name, token in found.items()}

    def move_cursor(self, name: str, token: str) -> None:
        """Have a cursor stand at a token."""
        self.request("cursor", action="move", name=name, token=token)

    def delete_cursor(self, name: str) -> bool:
        """Forget a cursor; return whether there was one."""
        return self.request("cursor", action="delete", name=name).get("deleted") is True

    def changes(self, since: str | None = None) -> bytes:
        """Return the answer of `query` as bytes; after the `/` of everything, the reason."""
        reply = ask_changes(self.ask, since, self._tree)
        if reply.endswith(b"\0/\0other-root\0"):
            # The root may have been replaced by another directory since this client was made.
            tree, self._tree = self._tree, self._tree_fields()
            if tree != self._tree:
                reply = ask_changes(self.ask, since, self._tree)
        return reply

    def status(self) -> "Status":
        """Return the daemon's status.  Never starts a daemon."""
        from fsmond.results import Status  # not needed for a query

        status = self.request("status", start=False)
        self._check_tree(status)
        return Status(status)

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

    def verify(self, timeout: float = VERIFY_TIMEOUT) -> "Verification":
        """Compare the whole tree with the daemon's index, which may take minutes.

        `timeout`: seconds for that.
        """
        from fsmond.results import Verification  # not needed for a query

        self.status()  # fails early if there is no answer, or the daemon watches another tree
        return Verification(self.request("verify", start=False, patience=timeout), bytes_of)

    def close(self) -> None:
        """Do nothing: a client holds nothing open.  For `with`, and `contextlib.closing`."""

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: "BaseException | None",
        trace: "TracebackType | None",
    ) -> None:
        self.close()

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
        return self._attempt(lambda: self._exchange(message, limit, patience), may_start)

    def _attempt(self, call: "Callable[[], _T]", may_start: bool) -> "_T":
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return call()
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

    def _answer_to(
        self,
        command: str,
        since: str | None,
        options: "Mapping[str, object]",
        send: "Callable[[bytes], bytes]",
    ) -> Answer:
        """Send a request with options; return its answer, and move the cursor if there is one."""
        from fsmond.listening import read_answer

        reply = send(self.message(command, since, options))
        answer = read_answer(reply, self.place.root, kinds=options.get("kinds") is True)
        cursor = options.get("cursor")
        if isinstance(cursor, str) and options.get("move", True):
            self.move_cursor(cursor, answer.token)
        return answer

    def _send_once(self, message: bytes, timeout: float | None) -> bytes:
        """Send a request that may not be sent twice: what changed meanwhile would be missed."""
        try:
            return exchange(self.place.socket, message, root=self.place.root, timeout=timeout)
        except HungUpError as error:
            raise self.broken(error, None) from error

    def _connect(self) -> "Connection":
        return open_connection(self.place.socket, self.place.root)

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


def _shown(path: bytes) -> str:
    from fsmond.printable import printable  # rarely needed

    return printable(path)
