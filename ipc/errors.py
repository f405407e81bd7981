"""The exceptions: one class for each decision of a caller.

Error
├── NoServerError      ConnectionError   no server listens at the path: start one
├── InvalidPathError   OSError           no server can listen at the path: use another path
├── UnreachableError   OSError           the system refuses (permission, descriptors): fix that
├── TimedOutError      TimeoutError      the peer is too slow: starting another will not help
├── HungUpError        ConnectionError   the peer closed the connection too early: ask again
├── ProtocolError      ValueError        the peer sent bytes that are not a valid message
├── AddressInUseError  OSError           another server runs at the path: use that one
└── UnsafePathError    PermissionError   other users could replace the socket
"""


class Error(Exception):
    """The base class of this package's errors; wrong use raises ValueError or RuntimeError."""

    state: int = 4
    """The `ActiveState` of the path that this error implies."""


class NoServerError(Error, ConnectionError):
    """No server listens at this path: starting one would help."""

    state = 1


class InvalidPathError(Error, OSError):
    """No server can ever listen at this path."""

    state = 2


class UnreachableError(Error, OSError):
    """The operating system refuses the connection."""


class TimedOutError(Error, TimeoutError):
    """The peer is too slow: starting another server would not help."""

    state = 1


class HungUpError(Error, ConnectionError):
    """The peer closed the connection before the message was complete."""


class ProtocolError(Error, ValueError):
    """The peer sent bytes that are not a valid message."""


class AddressInUseError(Error, OSError):
    """A running server owns the path already."""

    state = 0


class UnsafePathError(Error, PermissionError):
    """Other users may write in the folder, so they could replace the socket with their own."""


def translated(error: OSError) -> Error:
    """Return the error of this package for a system error of an established connection."""
    if isinstance(error, TimeoutError):
        return TimedOutError("the peer did not respond within the timeout")
    if isinstance(error, ConnectionError):
        return HungUpError(
            f"the peer closed the connection during the exchange ({error.strerror or error}):"
            " it is stopping, does not allow this user, or rejected the message as too large"
        )
    return UnreachableError(f"the connection failed: {error}")
