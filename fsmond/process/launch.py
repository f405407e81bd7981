"""Return when a daemon answers for a tree; start it if none does.  People wait: few imports."""

import errno
import os
import time

from fsmond.errors import StartError
from fsmond.printable import message_of, printable
from fsmond.process.detach import READY
from fsmond.process.lock import start_lock
from fsmond.process.socket_owner import SHUTTING_DOWN, owner_of, stop_owner
from fsmond.process.spawn import Child, spawn
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
LAUNCH_TIMEOUT = 60.0  # seconds; half a million directories take ten


def launch(
    place: Place,
    *,
    replace: bool = False,
    timeout: float = LAUNCH_TIMEOUT,
    start_process: "Callable[..., Child]" = spawn,
) -> tuple[bool, str | None]:
    """Wait until a daemon answers; return whether it was started here, and the owner before.

    Of concurrent calls, in any processes, one starts a daemon.  `replace`: stop a daemon that is
    not fsmond's, and start one.  The owner before is the daemon that answered at the socket when
    this was called, named as in `Answer.daemon`; None if there was none.  `start_process` is called
    like `spawn`.  Raise StartError.
    """
    deadline = time.monotonic() + timeout
    try:
        with start_lock(place.root, deadline):
            # Git takes no lock: it may start its own daemon at any time, so check again.
            while time.monotonic() < deadline:
                owner = owner_of(place)
                if owner == SHUTTING_DOWN:
                    stop_owner(place)
                elif owner is not None and not (replace and owner != FSMOND):
                    return False, owner
                elif _is_ready(start_process(place, replace=replace), place, deadline):
                    return True, owner
    except StartError:
        raise
    except OSError as error:
        reason = _LIMITS.get(error.errno or 0) or message_of(error)
        root = printable(place.root)
        raise StartError(f"cannot start a daemon for {root}: {reason}") from error
    raise StartError("other daemons keep starting and stopping for this tree; try again")


def _is_ready(child: Child, place: Place, deadline: float) -> bool:
    """Wait until the daemon is ready; return False if another one claimed the socket first."""
    output = child.read_until_ready(deadline)
    if output is None:
        raise StartError(
            f"the daemon for {os.fsdecode(place.root)} is not ready yet; it continues in the "
            "background: see `fsmond status`"
        )
    if output.endswith(READY):  # a library may have written something before
        return True
    if get_active_state(place.socket) != ActiveState.LISTENING:
        raise StartError(_failure_reason(output))
    return False


def _failure_reason(output: bytes) -> str:
    """Return why a daemon ended: the last line of its output."""
    text = output.decode(errors="replace").strip()
    if not text:
        return "the daemon exited before it was ready, and gave no reason"
    reason = printable(text.splitlines()[-1]).removeprefix("fsmond: ")
    return f"the daemon failed: {reason}" if "Traceback" in text else reason
