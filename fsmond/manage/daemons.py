"""Find all daemons of this user, and ask each for its state."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from fsmond.client import Client
from fsmond.errors import Error, NotRunningError, OtherDaemonError, OtherTreeError
from fsmond.manage.termination import ServerProcess
from fsmond.presence.notes import forget, noted
from fsmond.rendezvous import Place
from fsmond.results import Status
from ipc.client import get_active_state
from ipc.errors import Error as IPCError
from ipc.state import ActiveState

_THREADS = 16  # daemons that are asked at the same time
_PATIENCE = 2.0  # seconds; a daemon that hangs must not hide the others
NOT_ANSWERING = "not answering"
_T = TypeVar("_T")
_U = TypeVar("_U")


class Daemon(NamedTuple):
    """One daemon that runs."""

    place: Place
    pid: int | None
    """None if the system does not tell it; 0 if it is in another process namespace."""
    state: str
    status: Status | None
    """None if it does not answer."""
    problem: str | None
    """Why there is no status, and what to do."""

    def to_object(self) -> dict[str, object]:
        """Return it for JSON; what is unknown is null."""
        known: dict[str, object] = {} if self.status is None else dict(self.status)
        return {
            "root": os.fsdecode(self.place.root),
            "pid": self.pid,
            "state": self.state,
            "directories": known.get("directories"),
            "memory_bytes": known.get("memory_bytes"),
            "uptime_seconds": known.get("uptime_seconds"),
            "version": known.get("version"),
            "socket": os.fsdecode(self.place.socket),
            "problem": self.problem,
        }


def running() -> list[Daemon]:
    """Return this user's daemons, by their trees' paths; also those that do not answer."""
    found = for_each(noted(), ask)
    return sorted(filter(None, found), key=lambda daemon: daemon.place.root)


def for_each(items: Iterable[_T], call: Callable[[_T], _U]) -> list[_U]:
    """Call a function for each item, for several of them at the same time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(call, items))


def ask(place: Place) -> Daemon | None:
    """Return the daemon at a place; None if there is none, and then its note is removed."""
    if get_active_state(place.socket) != ActiveState.LISTENING:
        forget(place)
        return None
    try:
        status = Client(place, start=False, timeout=_PATIENCE).status()
    except (NotRunningError, OtherDaemonError, OtherTreeError):
        return None  # it ended, and perhaps another daemon is there now
    except (Error, TimeoutError) as error:
        return Daemon(place, _server_pid(place), NOT_ANSWERING, None, str(error))
    pid, state = status.get("pid"), status.get("state")
    return Daemon(
        place,
        pid if isinstance(pid, int) else None,
        state if isinstance(state, str) else "?",
        status,
        None,
    )


def _server_pid(place: Place) -> int | None:
    """Return the process that serves a socket, as the kernel reports it."""
    try:
        with ServerProcess(place) as server:
            return server.pid
    except IPCError:
        return None
