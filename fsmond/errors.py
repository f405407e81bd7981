"""What callers decide by.

Error                what all of these are
├── PathError        there is no such directory, or it can't be entered: name another
├── NotRunningError  nobody watches it: start a daemon
├── StartError       a daemon could not be started; the message says what would help
└── AnswerError      whoever answered failed: look at its log
    └── OtherDaemonError   whoever answered is no fsmond, and can't do that: take its place
"""


class Error(Exception):
    """What all errors of fsmond are; the message says what to do."""


class PathError(Error, OSError):
    """There is no such directory, or it can't be entered."""


class NotRunningError(Error, ConnectionError):
    """Nobody watches the tree, and no daemon was to be started."""


class StartError(Error, OSError):
    """A daemon could not be started; the message says what would help."""


class AnswerError(Error, OSError):
    """Whoever answered did not say what was asked for."""


class OtherDaemonError(AnswerError):
    """Whoever answered is no fsmond, but Git's own daemon as a rule, and can't do that."""

    def __init__(self, daemon: str, message: str) -> None:
        super().__init__(message)
        self.daemon = daemon
        """As `Answer.daemon` has it."""
