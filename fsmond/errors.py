"""What callers decide by.

Error                what all of these are
├── PathError        there is no such directory, or it can't be entered: name another
├── NotRunningError  nobody watches it: start a daemon
├── StartError       a daemon could not be started; the message says what would help
└── AnswerError      whoever answered is no fsmond, or failed: look at its log
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
