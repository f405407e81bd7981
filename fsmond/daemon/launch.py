"""Start a daemon from another process."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from fsmond.daemon.detach import READY
from fsmond.daemon.logs import folder
from fsmond.errors import StartError
from fsmond.rendezvous import Place, name_of
from ipc.client import get_active_state
from ipc.state import ActiveState

_NAP = 0.01  # seconds between two looks at whether another has started a daemon
PATIENCE = 60.0  # seconds; half a million directories take ten

# By the file, as it needs neither an installation nor what this process has in its sys.path.  -P,
# as the folder of the file holds modules that are none of the top level.
_COMMAND = [sys.executable, "-P", str(Path(__file__).parent.parent / "__main__.py")]


def launch(place: Place, *, patience: float = PATIENCE) -> None:
    """Return when a daemon answers for the tree.  Raises StartError.

    However many do so at once, one daemon is started.
    """
    deadline = time.monotonic() + patience
    with _one_at_a_time(place, deadline):
        if get_active_state(place.socket) != ActiveState.LISTENING:
            _await_ready(place, _spawn(place), deadline)


def launch_unattended(place: Place) -> None:
    """Start a daemon and don't wait for it; one that need not be there will end by itself."""
    process = _spawn(place)
    with process:
        assert process.stdout is not None
        process.stdout.close()


def _spawn(place: Place) -> subprocess.Popen[bytes]:
    """Start the process of which the daemon is a child."""
    return subprocess.Popen(
        [*_COMMAND, "run", "--detached", "--", os.fsdecode(place.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
    )


def _await_ready(place: Place, process: subprocess.Popen[bytes], deadline: float) -> None:
    with process:
        try:
            said, _ = process.communicate(timeout=max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise StartError(
                f"the daemon for {os.fsdecode(place.root)} is not ready yet; it goes on by "
                "itself: see `fsmond status`"
            ) from None
    if said != READY and get_active_state(place.socket) != ActiveState.LISTENING:
        reason = said.decode(errors="replace").strip()
        raise StartError(reason or "the daemon ended before it was ready, and did not say why")


@contextlib.contextmanager
def _one_at_a_time(place: Place, deadline: float) -> Iterator[None]:
    """Hold the tree's lock; without one, the daemons settle among themselves who is first."""
    path = folder() / f"{name_of(place.root)}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path, timeout=max(deadline - time.monotonic(), 0)).acquire(
            poll_interval=_NAP
        )
    except Timeout:
        raise StartError("another process has been starting this daemon for too long") from None
    except OSError:
        yield
        return
    with lock:
        yield
