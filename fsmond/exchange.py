"""One exchange with whoever serves a tree: whose server it is comes first, and then its answer.

On the way of every query: no import that is not needed.
"""

from fsmond.protocol import MOST_BYTES
from ipc.client import connect
from ipc.errors import HungUpError, TimedOutError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.errors import Error


def exchange(
    socket: bytes, message: bytes, *, root: bytes, timeout: float, limit: int = MOST_BYTES
) -> bytes:
    """Send a request to a tree's socket, and return the answer as it is, of so many bytes at most.

    Raises what `ipc` does, OtherUserError, and UnresponsiveError.  `root` is for their messages.
    """
    try:
        connection = connect(socket)
    except (UnreachableError, TimedOutError) as error:
        raise _explained(error, socket, root) from error
    try:
        if not connection.is_trusted:
            from fsmond.explaining import other_user  # nearly never needed

            peer = connection.peer
            raise other_user(root, None if peer is None else peer.uid)
        return connection.send_command(message, timeout, limit=limit)
    except HungUpError as error:
        from fsmond.explaining import refused  # as above

        other = refused(root, connection.peer)
        if other is None:
            raise
        raise other from error
    except TimedOutError as error:
        from fsmond.explaining import unresponsive  # as above

        raise unresponsive(root, connection.peer) from error
    finally:
        connection.close()


def _explained(error: UnreachableError | TimedOutError, socket: bytes, root: bytes) -> "Error":
    from fsmond import explaining  # as above

    if isinstance(error, TimedOutError):
        return explaining.unresponsive(root, None)
    return explaining.unreachable(root, socket, error)
