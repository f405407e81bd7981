"""Name what can be found at a path."""

from enum import IntEnum


class ActiveState(IntEnum):
    """Whether a server is there; the numbers are those of Git's `enum ipc_active_state`."""

    LISTENING = 0
    """A server waits for connections."""
    NOT_LISTENING = 1
    """A socket is there but nobody answers: dead, stopping, or too busy."""
    INVALID_PATH = 2
    """No server can ever be there; a plain file is in the way, for example."""
    PATH_NOT_FOUND = 3
    """Nothing is there: most likely no server runs."""
    OTHER_ERROR = 4
    """The system did not let us find out."""
