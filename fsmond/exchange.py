"""Send one request over a tree's socket, after a check of the server's user.

Every query imports this module: it imports only what is needed.
"""

from fsmond.protocol import MAX_ANSWER_BYTES
from ipc.client import connect
from ipc.errors import HungUpError, TimedOutError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.errors import Error
    from ipc.client import Connection


def exchange(
    socket: bytes,
    message: bytes,
    *,
    root: bytes,
    timeout: float | None,
    limit: int = MAX_ANSWER_BYTES,
) -> bytes:
    """Send a request to a tree's socket; return the answer, of at most `limit` bytes.

    `timeout`: seconds; None: wait for ever.

    Raise OtherUserError; UnresponsiveError; AnswerError if the system refuses the connection; or
    another error of `ipc`.  `root` is for the messages.
    """
    connection = open_connection(socket, root)
    try:
        return connection.send_command(message, timeout, limit=limit)
    except HungUpError as error:
        from fsmond.diagnosis import refused  # as above

        other = refused(root, connection.peer)
        if other is None:
            raise
        raise other from error
    except TimedOutError as error:
        from fsmond.diagnosis import unresponsive  # as above

        raise unresponsive(root, connection.peer) from error
    finally:
        connection.close()


def open_connection(socket: bytes, root: bytes) -> "Connection":
    """Return a connection to a server that may be trusted; raise what `exchange` does."""
    try:
        connection = connect(socket)
    except (UnreachableError, TimedOutError) as error:
        raise _explained(error, socket, root) from error
    if not connection.is_trusted:
        from fsmond.diagnosis import other_user  # rarely needed

        peer = connection.peer
        connection.close()
        raise other_user(root, None if peer is None else peer.uid)
    return connection


def _explained(error: UnreachableError | TimedOutError, socket: bytes, root: bytes) -> "Error":
    from fsmond import diagnosis  # as above

    if isinstance(error, TimedOutError):
        return diagnosis.unresponsive(root, None)
    return diagnosis.unreachable(root, socket, error)
