"""Who holds a tree's socket: another daemon speaks the same protocol, Git's own one."""

import contextlib
import os
import time

from fsmond.errors import StartError
from fsmond.protocol import FSMOND, QUIT, daemon_of
from fsmond.rendezvous import Place
from ipc.client import get_active_state, send_command
from ipc.errors import Error as IPCError
from ipc.errors import NoServerError
from ipc.state import ActiveState

ENDING = "ending"
"""A daemon of fsmond's that has lost its tree, and is about to end: its repository was moved."""
_QUESTION = b'{"command": "version"}'  # what is no fsmond takes it for a token that it never gave
_PATIENCE = 3.0  # seconds; an answer takes milliseconds, if the daemon has not been stopped
_REMOVED = 1.0  # seconds in which it removes its socket, if it does so at all
_NAP = 0.001  # seconds between two looks at whether it is gone


def holder_of(place: Place) -> str | None:
    """Return who answers for the tree: ENDING, or as `Answer.daemon` has it; None if nobody."""
    if get_active_state(place.socket) != ActiveState.LISTENING:
        return None
    try:
        reply = send_command(place.socket, _QUESTION, timeout=_PATIENCE)
    except NoServerError:
        return None  # it went at this moment
    except IPCError as error:
        raise StartError(
            f"somebody holds {os.fsdecode(place.socket)}, and does not answer: {error}"
        ) from error
    if not reply.startswith(b"{"):
        return daemon_of(reply)
    import json  # slow to import, and there is nobody, as a rule

    try:
        return ENDING if json.loads(reply).get("ended") else FSMOND
    except ValueError:
        return "?"


def have_quit(place: Place) -> None:
    """Ask whoever it is to quit, and return when its place is free; raise StartError if it stays.

    Git's daemon may hang when it is asked right after its start.  Then its socket is removed,
    which it notices within a minute, and ends.  A pipe of Windows can't be removed.
    """
    try:
        send_command(place.socket, QUIT, timeout=_PATIENCE)
    except NoServerError:
        return
    except IPCError as error:
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
