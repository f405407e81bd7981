"""Have a daemon quit, and wait until it is gone."""

import sys
import time

from fsmond.client import Client
from fsmond.daemon.alive import how_to_end, kept, lives
from fsmond.errors import Error, NotRunningError, OtherDaemonError

_GONE = 30.0  # seconds in which a daemon that was asked to quit is gone
_NAP = 0.01  # seconds


def stop(client: Client) -> int:
    """Return the exit status: when its process is gone, or there was none."""
    try:
        pid = client.status().get("pid")
        with kept(pid):
            client.quit()
            return _gone(client, pid)
    except NotRunningError:
        return 0
    except OtherDaemonError as error:
        print(f"fsmond: none runs: {error}", file=sys.stderr)
        return 0


def _gone(client: Client, pid: object) -> int:
    deadline = time.monotonic() + _GONE
    while lives(pid) or _pid_of(client) == pid:
        if time.monotonic() > deadline:
            print(f"fsmond: process {pid} did not end; try: {how_to_end(pid)}", file=sys.stderr)
            return 1
        time.sleep(_NAP)
    return 0


def _pid_of(client: Client) -> object:
    """Return the process that answers now: Git may have started its own daemon."""
    try:
        return client.status().get("pid")
    except (Error, TimeoutError):
        return None
