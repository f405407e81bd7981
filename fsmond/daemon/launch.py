"""Have a daemon for a tree, started if there is none.  People wait: few imports."""

import errno
import os
import time

from fsmond.daemon.detach import READY
from fsmond.daemon.holder import ENDING, have_quit, holder_of
from fsmond.daemon.lock import held
from fsmond.daemon.spawn import Child, spawn
from fsmond.errors import StartError
from fsmond.printable import message_of, printable
from fsmond.protocol import FSMOND
from fsmond.rendezvous import Place
from ipc.client import get_active_state
from ipc.state import ActiveState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIMITS = {
    errno.EAGAIN: "no more processes are allowed: see ulimit -u",
    errno.EMFILE: "too many files are open in this process: see ulimit -n",
}
PATIENCE = 60.0  # seconds; half a million directories take ten


def launch(
    place: Place,
    *,
    replace: bool = False,
    patience: float = PATIENCE,
    begin: "Callable[..., Child]" = spawn,
) -> tuple[bool, str | None]:
    """Return when a daemon answers for the tree: whether it was started, and whom we met there.

    However many do so at once, one daemon is started.  `replace`: if the one that is there is no
    fsmond, have it quit, and start one.  Whom we met is named as by `Answer.daemon`; None if
    nobody was there.  `begin` starts the process, as `spawn` does.  Raises StartError.
    """
    deadline = time.monotonic() + patience
    try:
        with held(place.root, deadline):
            # Git starts its own daemon whenever it finds none, and so may come in between.
            while time.monotonic() < deadline:
                holder = holder_of(place)
                if holder == ENDING:
                    have_quit(place)
                elif holder is not None and not (replace and holder != FSMOND):
                    return False, holder
                elif _is_ready(begin(place, replace=replace), place, deadline):
                    return True, holder
    except StartError:
        raise
    except OSError as error:
        reason = _LIMITS.get(error.errno or 0) or message_of(error)
        root = printable(place.root)
        raise StartError(f"cannot start a daemon for {root}: {reason}") from error
    raise StartError("other daemons come and go at the same place; try again")


def _is_ready(child: Child, place: Place, deadline: float) -> bool:
    """Wait until it is ready; False if another one was faster."""
    said = child.hear(deadline)
    if said is None:
        raise StartError(
            f"the daemon for {os.fsdecode(place.root)} is not ready yet; it goes on by "
            "itself: see `fsmond status`"
        )
    if said.endswith(READY):  # a library may have said something before
        return True
    if get_active_state(place.socket) != ActiveState.LISTENING:
        raise StartError(_reason_in(said))
    return False


def _reason_in(said: bytes) -> str:
    """Return why a daemon ended, of what it said: that is the last line."""
    text = said.decode(errors="replace").strip()
    if not text:
        return "the daemon ended before it was ready, and did not say why"
    reason = printable(text.splitlines()[-1]).removeprefix("fsmond: ")
    return f"the daemon failed: {reason}" if "Traceback" in text else reason
