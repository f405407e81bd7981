"""What callers decide by.

Error                     what all of these are
├── PathError             there is no such directory, or it can't be entered: name another
├── NotRunningError       nobody watches it: start a daemon
├── StartError            a daemon could not be started; the message says what would help
├── OtherUserError        the daemon is another user's: ask as that user, or have it ended
├── UnresponsiveError     the daemon does not answer: have it ended, or let it go on
└── AnswerError           whoever answered failed: look at its log
    ├── OtherDaemonError  whoever answered is no fsmond, and can't do that: take its place
    └── OtherTreeError    whoever answered watches another tree: start a daemon for this one
"""


class Error(Exception):
    """What all errors of fsmond are; the message says what to do."""


class PathError(Error, OSError):
    """There is no such directory, or it can't be entered."""


class NotRunningError(Error, ConnectionError):
    """Nobody watches the tree, and no daemon was to be started."""


class StartError(Error, OSError):
    """A daemon could not be started; the message says what would help."""


class OtherUserError(Error, PermissionError):
    """Another user serves at the tree's socket: not to be believed, and answers nobody else."""


class UnresponsiveError(Error, TimeoutError):
    """A daemon is there, and does not answer in time: starting another would not help."""

    is_stopped = False
    """Whether its process is known to have been stopped, by a signal or a debugger."""


class AnswerError(Error, OSError):
    """Whoever answered did not say what was asked for."""


class OtherDaemonError(AnswerError):
    """Whoever answered is no fsmond, but Git's own daemon as a rule, and can't do that."""

    def __init__(self, message: str, daemon: str = "?") -> None:
        super().__init__(message)
        self.daemon = daemon
        """As `Answer.daemon` has it."""


class OtherTreeError(AnswerError):
    """Whoever answered watches another tree."""
