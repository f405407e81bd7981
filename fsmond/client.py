"""Ask from Python which paths changed."""

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
    MOST_BYTES,
    MOST_OF_OBJECT,
    QUIT,
    Answer,
    ask_changes,
    bytes_of,
    daemon_of,
    named,
    read_object,
    tree_fields,
)
from fsmond.rendezvous import place_of
from ipc.errors import Error as IPCError
from ipc.errors import HungUpError, NoServerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.rendezvous import StrPath

_ATTEMPTS = 3  # one finds a daemon that is about to end, one finds none, one the new one
TIMEOUT = 5.0  # seconds; five times what a daemon takes that has not been stopped
VERIFY_TIMEOUT = 620.0  # seconds; a daemon gives up a little before
_BRIEF = 2.0  # seconds after which is looked whether the daemon was stopped, by a signal


class Client:
    """Asks the daemon of one tree; may be used on many threads at once.

    Raises PathError; when asking also NotRunningError, StartError, OtherUserError or AnswerError,
    and UnresponsiveError, a TimeoutError, if nobody answers within `timeout` seconds.
    """

    def __init__(
        self, path: "StrPath" = ".", *, start: bool = True, timeout: float = TIMEOUT
    ) -> None:
        self.place = place_of(path)
        self._start = start
        self._timeout = timeout
        self._tree = self._tree_fields()

    def query(self, since: str | None = None) -> Answer:
        """Return what changed since the answer with this token; everything if there is none."""
        return Answer.from_wire(self.changes(since))

    def changes(self, since: str | None = None) -> bytes:
        """Return the same as on the wire, with the reason behind the `/` of everything."""
        reply = ask_changes(self.ask, since, self._tree)
        if reply.endswith(b"\0/\0other-root\0"):
            # It may be that another directory has taken the place of the root since.
            tree, self._tree = self._tree, self._tree_fields()
            if tree != self._tree:
                reply = ask_changes(self.ask, since, self._tree)
        return reply

    def status(self) -> dict[str, object]:
        """Return what the daemon tells about itself; never starts one."""
        told = self.request("status", start=False)
        self._check_tree(told)
        return told

    def flush(self) -> Answer:
        """Have all tokens forgotten; never starts a daemon."""
        answer = Answer.from_wire(self.ask(FLUSH, start=False))
        answer.reason = "flush"
        return answer

    def quit(self) -> None:
        """Have the daemon stop, which it does after this returns."""
        self.ask(QUIT, start=False)

    def verify(self) -> dict[str, object]:
        """Have the whole tree compared; return what was found, which may take minutes."""
        self.status()  # soon says if nobody answers at all, or if another tree would be compared
        told = self.request("verify", start=False, patience=VERIFY_TIMEOUT)
        match told:
            case {"differences": list(found), "directories": int(), "seconds": int() | float()}:
                if all(map(_is_difference, found)):
                    return told
        raise AnswerError(f"verify: not understood: {str(told)[:200]!a}")

    def request(
        self,
        command: str,
        *,
        start: bool | None = None,
        patience: float | None = None,
        **details: object,
    ) -> dict[str, object]:
        """Send one of fsmond's own requests; return the object that answers it.

        `patience`: seconds for the answer, in the place of the client's own `timeout`.
        """
        import json  # slow to import, and not needed for a query

        message = json.dumps({"command": command, **details}).encode()
        reply = self.ask(message, start=start, limit=MOST_OF_OBJECT, patience=patience)
        if reply[:1] != b"{":
            root, daemon = _shown(self.place.root), daemon_of(reply)
            advice = "to take its place: fsmond start --replace"
            raise OtherDaemonError(f"{named(daemon)} watches {root}; {advice}", daemon)
        try:
            return read_object(reply)
        except AnswerError as error:
            raise AnswerError(f"{command}: {error}") from error

    def ask(
        self,
        message: bytes,
        *,
        start: bool | None = None,
        limit: int = MOST_BYTES,
        patience: float | None = None,
    ) -> bytes:
        """Send a request as it is, return the answer as it is."""
        may_start = self._start if start is None else start
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._exchange(message, limit, patience)
            except NoServerError as error:
                if not may_start or attempt == _ATTEMPTS:
                    root = _shown(self.place.root)
                    raise NotRunningError(f"nobody watches {root}; try: fsmond start") from error
                self._launch()
            except HungUpError as error:
                if attempt == _ATTEMPTS:
                    raise self._unanswered(error) from error
                # It was about to end: the next time nobody is there.
            except IPCError as error:
                raise self._unanswered(error) from error
        raise AssertionError

    def _exchange(self, message: bytes, limit: int, patience: float | None) -> bytes:
        socket, root = self.place.socket, self.place.root
        brief = min(self._timeout, _BRIEF) if patience is None else patience
        try:
            return exchange(socket, message, root=root, timeout=brief, limit=limit)
        except UnresponsiveError as error:
            if error.is_stopped or brief >= self._timeout:
                raise
        # The machine may be that busy: all requests can be sent twice.
        rest = self._timeout - brief
        return exchange(socket, message, root=root, timeout=rest, limit=limit)

    def _tree_fields(self) -> str:
        try:
            return tree_fields(self.place.root, self.place.tree_id())
        except OSError as error:
            raise PathError(f"{os.fsdecode(self.place.root)}: {error.strerror}") from error

    def _check_tree(self, told: dict[str, object]) -> None:
        """Raise OtherTreeError unless a status is that of this tree's daemon."""
        theirs = told.get("tree_id")
        try:
            same = bool(theirs) and theirs == self.place.tree_id()
        except OSError:
            same = False
        if not (same or theirs):
            same = os.path.normcase(_root_in(told)) == os.path.normcase(self.place.root)
        if not same:
            root, other = map(_shown, (self.place.root, _root_in(told)))
            raise OtherTreeError(
                f"the daemon at {_shown(self.place.socket)} watches {other}, and "
                f"not {root}; to have this one watched: fsmond start --replace"
            )

    def _unanswered(self, error: Exception) -> AnswerError:
        return AnswerError(f"no answer from {_shown(self.place.socket)}: {error}")

    def _launch(self) -> None:
        from fsmond.daemon.launch import launch  # slow to import, and seldom needed

        launch(self.place)


def _root_in(told: dict[str, object]) -> bytes:
    root = told.get("root")
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
    from fsmond.printable import printable  # not needed as a rule

    return printable(path)
