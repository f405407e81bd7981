"""What can go wrong, one class for each decision a caller can take.

Error
├── NoServerError      ConnectionError   nobody serves the path: starting a server would help
├── InvalidPathError   OSError           no server can ever be there: the path is wrong
├── UnreachableError   OSError           the system says no (permission, descriptors): mend that
├── TimedOutError      TimeoutError      the peer is there but slow: starting another will not help
├── HungUpError        ConnectionError   the peer left before the message was complete: ask again
├── ProtocolError      ValueError        what the peer sent is no message of this protocol
├── AddressInUseError  OSError           another server lives at the path: use that one
└── UnsafePathError    PermissionError   others could put their own socket there
"""


class Error(Exception):
    """Anything that this package raises on purpose."""

    state: int = 4
    """The `ActiveState` that this means for the path."""


class NoServerError(Error, ConnectionError):
    """Nobody serves this path: starting a server would help."""

    state = 1


class InvalidPathError(Error, OSError):
    """No server can be at this path, however long one waits."""

    state = 2


class UnreachableError(Error, OSError):
    """The operating system refuses the connection."""


class TimedOutError(Error, TimeoutError):
    """The peer is there but too slow: starting another would not help."""

    state = 1


class HungUpError(Error, ConnectionError):
    """The peer closed the connection within a message."""


class ProtocolError(Error, ValueError):
    """The peer sent bytes that are no message."""


class AddressInUseError(Error, OSError):
    """A living server owns the path already."""

    state = 0


class UnsafePathError(Error, PermissionError):
    """Others may write in the folder, and so replace the socket by one of their own."""


def translated(error: OSError) -> Error:
    """Say what an error of an established connection means to a caller."""
    if isinstance(error, TimeoutError):
        return TimedOutError("the peer did not do its part within the timeout")
    if isinstance(error, ConnectionError):
        return HungUpError(
            f"the peer hung up within the exchange ({error.strerror or error}):"
            " it is stopping, does not let this user in, or found the message too large"
        )
    return UnreachableError(f"the connection failed: {error}")
