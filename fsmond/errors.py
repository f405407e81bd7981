"""The exceptions of the client; each class is a decision for the caller.

Error                     base class
├── RequestError          the arguments contradict each other: pass others
├── PathError             no such directory, or it cannot be entered: use another path
├── NotRunningError       no daemon is running: start one
├── StartError            a daemon could not be started: the message says what would help
├── OtherUserError        the daemon is another user's: run as that user, or have it stopped
├── DaemonEndedError      the daemon ended while a client waited: wait again, since its last token
├── UnresponsiveError     the daemon does not answer: stop it, or resume it if it is suspended
└── AnswerError           the answer is an error, or invalid: see the daemon's log
    ├── OtherDaemonError  the daemon is not fsmond, and does not know the request: replace it
    └── OtherTreeError    the daemon watches another tree: start one for this tree
"""


class Error(Exception):
    """Base class of fsmond's errors; the message says what to do."""


class PathError(Error, OSError):
    """There is no such directory, or it cannot be entered."""


class RequestError(Error, ValueError):
    """The arguments of a call cannot be used together, or one is of another type."""


class NotRunningError(Error, ConnectionError):
    """No daemon is running for the tree, and the caller did not want one to be started."""


class StartError(Error, OSError):
    """A daemon could not be started; the message says what would help."""


class OtherUserError(Error, PermissionError):
    """Another user's process serves the tree's socket: it is not trusted, and does not answer."""


class DaemonEndedError(Error, ConnectionError):
    """The daemon ended, or the connection broke, while the client waited; nothing is lost.

    Wait again since the last token: the answer covers what changed meanwhile.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or message
        """Why, in the daemon's words if it said so."""


class UnresponsiveError(Error, TimeoutError):
    """A daemon is running but does not answer in time: starting another would not help."""

    is_stopped = False
    """Whether its process is known to be suspended, by a signal or a debugger."""


class AnswerError(Error, OSError):
    """The answer is an error message, or not a valid answer."""


class OtherDaemonError(AnswerError):
    """The daemon is not fsmond, usually Git's own, and does not know the request."""

    def __init__(self, message: str, daemon: str = "?") -> None:
        super().__init__(message)
        self.daemon = daemon
        """As `Answer.daemon`."""


class OtherTreeError(AnswerError):
    """The daemon watches another tree."""
