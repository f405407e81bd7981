"""Have a daemon for a tree, started if there is none."""

import os
import time

from fsmond.daemon.detach import READY
from fsmond.daemon.lock import held
from fsmond.daemon.spawn import spawn
from fsmond.errors import StartError
from fsmond.rendezvous import Place
from ipc.client import get_active_state
from ipc.state import ActiveState

PATIENCE = 60.0  # seconds; half a million directories take ten


def launch(place: Place, *, patience: float = PATIENCE) -> bool:
    """Return when a daemon answers for the tree; say whether it was started.  Raises StartError.

    However many do so at once, one daemon is started.
    """
    deadline = time.monotonic() + patience
    try:
        with held(place.root, deadline):
            if get_active_state(place.socket) == ActiveState.LISTENING:
                return False
            _start(place, deadline)
            return True
    except StartError:
        raise
    except OSError as error:
        raise StartError(f"cannot start a daemon for {os.fsdecode(place.root)}: {error}") from error


def _start(place: Place, deadline: float) -> None:
    said = spawn(place).hear(deadline)
    if said is None:
        raise StartError(
            f"the daemon for {os.fsdecode(place.root)} is not ready yet; it goes on by "
            "itself: see `fsmond status`"
        )
    if said != READY and get_active_state(place.socket) != ActiveState.LISTENING:
        reason = said.decode(errors="replace").strip()
        raise StartError(reason or "the daemon ended before it was ready, and did not say why")
