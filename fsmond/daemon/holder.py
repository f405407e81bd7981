"""Who holds a tree's socket: another daemon speaks the same protocol, Git's own one."""

import contextlib
import os
import stat
import time

from fsmond.errors import AnswerError, Error, StartError
from fsmond.exchange import exchange
from fsmond.printable import printable
from fsmond.protocol import (
    FSMOND,
    MOST_OF_OBJECT,
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

ENDING = "ending"
"""A daemon of fsmond's that has lost its tree, and is about to end: its repository was moved."""
_PATIENCE = 3.0  # seconds; an answer takes milliseconds, if the daemon has not been stopped
_REMOVED = 1.0  # seconds in which it removes its socket, if it does so at all
_NAP = 0.001  # seconds between two looks at whether it is gone


def holder_of(place: Place) -> str | None:
    """Return who answers for the tree: ENDING, or as `Answer.daemon` has it; None if nobody.

    OTHER_TREE is a daemon of fsmond's with the same git directory, and another root.  A socket
    that is a link to another tree's, as in a copy of a repository by links, is removed: that
    daemon has its own.  Raises StartError if whoever is there can't be asked.
    """
    # What is no fsmond takes this for a token that it never gave.
    question = f'{{"command": "version"{tree_fields(place.root, place.tree_id())}}}'.encode()
    try:
        reply = exchange(
            place.socket, question, root=place.root, timeout=_PATIENCE, limit=MOST_OF_OBJECT
        )
    except (NoServerError, InvalidPathError):
        return None
    except Error as error:
        raise StartError(str(error)) from error
    except IPCError as error:
        socket = printable(os.fsdecode(place.socket))
        raise StartError(f"somebody holds {socket}, and does not answer: {error}") from error
    if not reply.startswith(b"{"):
        return daemon_of(reply)
    try:
        told = read_object(reply)
    except AnswerError:
        return "?"
    if told.get("ended"):
        return ENDING
    if told.get("other_root") is not True:
        return FSMOND
    return None if _remove_link(place) else OTHER_TREE


def is_link(socket: bytes) -> bool:
    """Say whether a socket's path is a link, symbolic or not: it may lead to another tree's."""
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


def have_quit(place: Place) -> None:
    """Ask whoever it is to quit, and return when its place is free; raise StartError if it stays.

    Git's daemon may hang when it is asked right after its start.  Then its socket is removed,
    which it notices within a minute, and ends.  A pipe of Windows can't be removed.
    """
    try:
        exchange(place.socket, QUIT, root=place.root, timeout=_PATIENCE)
    except NoServerError:
        return
    except (Error, IPCError) as error:
        raise StartError(f"the daemon there does not quit: {error}") from error
    deadline = time.monotonic() + _PATIENCE
    while get_active_state(place.socket) == ActiveState.LISTENING:
        if time.monotonic() > deadline:
            with contextlib.suppress(FileNotFoundError):  # at last
                os.unlink(place.socket)
            if get_active_state(place.socket) == ActiveState.LISTENING:
                raise StartError("the daemon there does not quit; end its process")
            return
        time.sleep(_NAP)
    # When nobody listens any more, it still has to remove its socket, and might remove ours.
    late = time.monotonic() + _REMOVED
    while os.path.lexists(place.socket) and time.monotonic() < late:
        time.sleep(_NAP)
