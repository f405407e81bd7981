"""Have a daemon quit, and wait until it is gone."""

import contextlib
import time

from fsmond.cli.ending import Serving
from fsmond.cli.output import complain
from fsmond.client import Client
from fsmond.daemon.alive import kept, lives
from fsmond.errors import (
    Error,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    UnresponsiveError,
)
from ipc.errors import Error as IPCError

_GONE = 15.0  # seconds in which a daemon that was asked to quit is gone
_NAP = 0.01  # seconds
_NOBODY = "?"
_MOST = 2**31  # what is a number of a process is below


def stop(client: Client) -> int:
    """Return the exit status: when its process is gone, or there was none."""
    with contextlib.ExitStack() as stack:
        serving = None
        with contextlib.suppress(IPCError):
            serving = stack.enter_context(Serving(client))
        try:
            told = client.status().get("pid", _NOBODY)
            pid = _process(told, serving)
            stack.enter_context(kept(pid))
            client.quit()
            if _is_gone(client, pid, told):
                return 0
        except NotRunningError:
            return 0
        except (OtherDaemonError, OtherTreeError) as error:
            complain(f"none runs: {error}")
            return 0
        except UnresponsiveError as error:
            if serving is None:
                raise
            return _end(serving, str(error))
        return 1 if serving is None else _end(serving, "it was asked to quit, and goes on")


def _end(serving: Serving, why: str) -> int:
    """End it by force, if it is sure which process it is; return the exit status."""
    doubt = serving.doubt()
    if doubt is not None:
        complain(f"{why.partition(';')[0]}: {doubt}")
        return 1
    if not serving.end():
        complain(f"process {serving.pid} does not end, even when killed: the system holds it")
        return 1
    complain(f"process {serving.pid} did not answer, and was ended by a signal")
    return 0


def _process(told: object, serving: Serving | None) -> int | None:
    """Return the process whose end is to be awaited: as the kernel says, if it does."""
    if serving is not None and serving.pid is not None:
        return serving.pid or None
    return told if type(told) is int and 1 < told < _MOST else None


def _is_gone(client: Client, pid: int | None, told: object) -> bool:
    deadline = time.monotonic() + _GONE
    while lives(pid) or (told is not None and _pid_of(client) == told):
        if time.monotonic() > deadline:
            return False
        time.sleep(_NAP)
    return True


def _pid_of(client: Client) -> object:
    """Return the process that answers now: Git may have started its own daemon."""
    try:
        return client.status().get("pid", _NOBODY)
    except (Error, TimeoutError):
        return None
