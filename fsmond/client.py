"""Ask from Python which paths changed."""

import os

from fsmond.errors import AnswerError, NotRunningError, OtherDaemonError
from fsmond.protocol import FLUSH, QUIT, Answer, daemon_of, named, request_for
from fsmond.rendezvous import place_of
from ipc.client import send_command
from ipc.errors import Error as IPCError
from ipc.errors import HungUpError, NoServerError, TimedOutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.rendezvous import StrPath

_ATTEMPTS = 3  # one finds a daemon that is about to end, one finds none, one the new one
TIMEOUT = 10.0  # seconds; ten times what a daemon takes that has not been stopped
VERIFY_TIMEOUT = 620.0  # seconds; a daemon gives up a little before


class Client:
    """Asks the daemon of one tree; may be used on many threads at once.

    Raises PathError; when asking also NotRunningError, StartError or AnswerError, and
    TimeoutError if nobody answers within `timeout` seconds.
    """

    def __init__(
        self, path: "StrPath" = ".", *, start: bool = True, timeout: float = TIMEOUT
    ) -> None:
        self.place = place_of(path)
        self._start = start
        self._timeout = timeout

    def query(self, since: str | None = None) -> Answer:
        """Return what changed since the answer with this token; everything if there is none."""
        if since is not None:
            answer = Answer.from_wire(self.ask(request_for(since)))
            if not answer.everything:
                return answer
        # Only the answer to an object has room for the reason.
        reply = self.ask(_object("query", since=since))
        told = _read(reply)
        # Git's own daemon takes an object for an unknown token.
        return Answer.from_wire(reply) if told is None else Answer.from_object(told)

    def status(self) -> dict[str, object]:
        """Return what the daemon tells about itself; never starts one."""
        return self.request("status", start=False)

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
        asking = Client(self.place.root, start=False, timeout=VERIFY_TIMEOUT)
        return asking.request("verify")

    def request(
        self, command: str, *, start: bool | None = None, **details: object
    ) -> dict[str, object]:
        """Send one of fsmond's own requests; return the object that answers it."""
        reply = self.ask(_object(command, **details), start=start)
        answer = _read(reply)
        if answer is None:
            root, daemon = os.fsdecode(self.place.root), daemon_of(reply)
            advice = "to take its place: fsmond start --replace"
            raise OtherDaemonError(daemon, f"{named(daemon)} watches {root}; {advice}")
        if "error" in answer:
            raise AnswerError(f"{command}: {answer['error']}")
        return answer

    def ask(self, message: bytes, *, start: bool | None = None) -> bytes:
        """Send a request as it is, return the answer as it is."""
        may_start = self._start if start is None else start
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return send_command(self.place.socket, message, timeout=self._timeout)
            except NoServerError as error:
                if not may_start or attempt == _ATTEMPTS:
                    root = os.fsdecode(self.place.root)
                    raise NotRunningError(f"nobody watches {root}; try: fsmond start") from error
                self._launch()
            except HungUpError as error:
                if attempt == _ATTEMPTS:
                    raise self._unanswered(error) from error
                # It was about to end: the next time nobody is there.
            except TimedOutError:
                raise
            except IPCError as error:
                raise self._unanswered(error) from error
        raise AssertionError

    def _unanswered(self, error: Exception) -> AnswerError:
        return AnswerError(f"no answer from {os.fsdecode(self.place.socket)}: {error}")

    def _launch(self) -> None:
        from fsmond.daemon.launch import launch  # slow to import, and seldom needed

        launch(self.place)


def _object(command: str, **details: object) -> bytes:
    import json  # slow to import, and not needed for a plain query

    return json.dumps({"command": command, **details}).encode()


def _read(reply: bytes) -> dict[str, object] | None:
    """Return the object that a reply is, or None if it is none."""
    import json

    try:
        answer = json.loads(reply)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
