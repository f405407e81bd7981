"""The owner of a tree's socket: fsmond, or Git's own daemon, which speaks the same protocol."""

import contextlib
import os
import stat
import time

from fsmond.errors import AnswerError, Error, StartError
from fsmond.exchange import exchange
from fsmond.printable import printable
from fsmond.protocol import (
    FSMOND,
    MAX_OBJECT_BYTES,
    OTHER_TREE,
    QUIT,
    daemon_of,
    read_object,
    tree_fields,
)
from fsmond.rendezvous import Place
from ipc.client import get_active_state
from ipc.errors import Error as IPCError
from ipc.errors import InvalidPathError, NoServerError
from ipc.state import ActiveState

SHUTTING_DOWN = "shutting down"
"""A daemon of fsmond's that has lost its tree and is about to end: its repository was moved."""
_TIMEOUT = 3.0  # seconds; an answer takes milliseconds, unless the daemon is stopped by a signal
_SOCKET_REMOVAL = 1.0  # seconds in which a daemon that ended removes its socket, if it does at all
_POLL_INTERVAL = 0.001  # seconds


def owner_of(place: Place) -> str | None:
    """Return the socket's owner: SHUTTING_DOWN, or a name as in `Answer.daemon`; None if none.

    OTHER_TREE is a daemon of fsmond's with the same git directory, and another root.  If the
    socket is a link to another tree's, as in a copy of a repository made of links, the link is
    removed: that daemon has its own socket.  Raise StartError if the owner cannot be asked.
    """
    # A server that is not fsmond takes this for an unknown token.
    question = f'{{"command": "version"{tree_fields(place.root, place.tree_id())}}}'.encode()
    try:
        reply = exchange(
            place.socket, question, root=place.root, timeout=_TIMEOUT, limit=MAX_OBJECT_BYTES
        )
    except (NoServerError, InvalidPathError):
        return None
    except Error as error:
        raise StartError(str(error)) from error
    except IPCError as error:
        socket = printable(os.fsdecode(place.socket))
        raise StartError(f"another process owns {socket}, and does not answer: {error}") from error
    if not reply.startswith(b"{"):
        return daemon_of(reply)
    try:
        version = read_object(reply)
    except AnswerError:
        return "?"
    if version.get("ended"):
        return SHUTTING_DOWN
    if version.get("other_root") is not True:
        return FSMOND
    return None if _remove_link(place) else OTHER_TREE


def is_link(socket: bytes) -> bool:
    """Return whether a socket's path is a symbolic or hard link: it may lead to another tree's."""
    try:
        status = os.lstat(socket)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) or status.st_nlink > 1


def _remove_link(place: Place) -> bool:
    if not is_link(place.socket):
        return False
    try:
        os.unlink(place.socket)
    except OSError:
        return False
    return True


def stop_owner(place: Place) -> None:
    """Ask the owner to quit; return when the socket is free, or raise StartError if it stays.

    Git's daemon may hang if it is asked right after its start.  Then its socket is removed; it
    notices that within a minute, and ends.  A named pipe of Windows cannot be removed.
    """
    try:
        exchange(place.socket, QUIT, root=place.root, timeout=_TIMEOUT)
    except NoServerError:
        return
    except (Error, IPCError) as error:
        raise StartError(f"the running daemon does not quit: {error}") from error
    deadline = time.monotonic() + _TIMEOUT
    while get_active_state(place.socket) == ActiveState.LISTENING:
        if time.monotonic() > deadline:
            with contextlib.suppress(FileNotFoundError):  # it ended at the last moment
                os.unlink(place.socket)
            if get_active_state(place.socket) == ActiveState.LISTENING:
                raise StartError("the running daemon does not quit; end its process")
            return
        time.sleep(_POLL_INTERVAL)
    # It stopped listening, but has yet to remove its socket; a new one there might be removed too.
    deadline = time.monotonic() + _SOCKET_REMOVAL
    while os.path.lexists(place.socket) and time.monotonic() < deadline:
        time.sleep(_POLL_INTERVAL)
