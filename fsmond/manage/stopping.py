"""Stop a daemon, and wait until its process has exited."""

import contextlib
import time
from collections.abc import Callable

from fsmond.client import Client
from fsmond.errors import (
    Error,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    UnresponsiveError,
)
from fsmond.manage.termination import ServerProcess
from fsmond.presence.notes import forget
from fsmond.process.alive import is_running, prevent_pid_reuse
from fsmond.rendezvous import Place
from ipc.errors import Error as IPCError

_TIMEOUT = 15.0  # seconds for a daemon to exit after a request to quit
_POLL_INTERVAL = 0.01  # seconds
_UNKNOWN = "?"
_PID_LIMIT = 2**31  # process ids are below

Report = Callable[[object], None]


def stop(client: Client, report: Report, timeout: float | None = None) -> int:
    """Stop the daemon, if one is running; return the exit status.

    `report` is called with errors, and with what people should know.  `timeout`: seconds in which
    it has to exit after a request to quit, 15 by default; then it is killed.
    """
    with contextlib.ExitStack() as stack:
        server = None
        with contextlib.suppress(IPCError):
            server = stack.enter_context(ServerProcess(client.place))
        try:
            reported = client.status().get("pid", _UNKNOWN)
            pid = _pid_to_await(reported, server)
            stack.enter_context(prevent_pid_reuse(pid))
            client.quit()
            if _has_exited(client, pid, reported, _TIMEOUT if timeout is None else timeout):
                return 0
        except NotRunningError:
            forget(client.place)  # a crash, or a signal, may have left it
            return 0
        except (OtherDaemonError, OtherTreeError) as error:
            report(f"nothing was stopped: {error}")
            return 0
        except UnresponsiveError as error:
            if server is None:
                raise
            return _kill(client.place, server, str(error), report)
        why = "the daemon keeps running after `quit`"
        return 1 if server is None else _kill(client.place, server, why, report)


def _kill(place: Place, server: ServerProcess, why: str, report: Report) -> int:
    """Kill the process if it is certain to be the daemon's; return the exit status."""
    objection = server.reason_not_to_kill()
    if objection is not None:
        report(f"{why.partition(';')[0]}: {objection}")
        return 1
    if not server.kill():
        report(f"process {server.pid} is blocked in the kernel: even SIGKILL does not end it")
        return 1
    forget(place)  # the process may have had no time for it
    report(f"process {server.pid} did not answer, and was terminated by a signal")
    return 0


def _pid_to_await(reported: object, server: ServerProcess | None) -> int | None:
    """Return the process id: from the kernel if it is known, else as the daemon reports it."""
    if server is not None and server.pid is not None:
        return server.pid or None
    return reported if type(reported) is int and 1 < reported < _PID_LIMIT else None


def _has_exited(client: Client, pid: int | None, reported: object, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while is_running(pid) or (reported is not None and _reported_pid(client) == reported):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_INTERVAL)
    return True


def _reported_pid(client: Client) -> object:
    """Return the id of the process that answers now: Git may have started its own daemon."""
    try:
        return client.status().get("pid", _UNKNOWN)
    except (Error, TimeoutError):
        return None
