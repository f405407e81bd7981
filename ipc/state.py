"""The states of a path: whether a server listens there."""

from enum import IntEnum


class ActiveState(IntEnum):
    """The state of a path; the numbers are those of Git's `enum ipc_active_state`."""

    LISTENING = 0
    """A server accepts connections."""
    NOT_LISTENING = 1
    """There is a socket, but its server is dead, stopping or too busy."""
    INVALID_PATH = 2
    """No server can ever listen there, for example because the path is a plain file."""
    PATH_NOT_FOUND = 3
    """There is nothing at the path: most likely no server runs."""
    OTHER_ERROR = 4
    """The system refused the check."""
