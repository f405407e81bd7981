"""Stop a daemon, and wait until its process has exited."""

import contextlib
import time

from fsmond.cli.output import print_error
from fsmond.cli.termination import ServerProcess
from fsmond.client import Client
from fsmond.errors import (
    Error,
    NotRunningError,
    OtherDaemonError,
    OtherTreeError,
    UnresponsiveError,
)
from fsmond.process.alive import is_running, prevent_pid_reuse
from ipc.errors import Error as IPCError

_TIMEOUT = 15.0  # seconds for a daemon to exit after a request to quit
_POLL_INTERVAL = 0.01  # seconds
_UNKNOWN = "?"
_PID_LIMIT = 2**31  # process ids are below


def stop(client: Client) -> int:
    """Stop the daemon, if one is running; return the exit status."""
    with contextlib.ExitStack() as stack:
        server = None
        with contextlib.suppress(IPCError):
            server = stack.enter_context(ServerProcess(client))
        try:
            reported = client.status().get("pid", _UNKNOWN)
            pid = _pid_to_await(reported, server)
            stack.enter_context(prevent_pid_reuse(pid))
            client.quit()
            if _has_exited(client, pid, reported):
                return 0
        except NotRunningError:
            return 0
        except (OtherDaemonError, OtherTreeError) as error:
            print_error(f"nothing was stopped: {error}")
            return 0
        except UnresponsiveError as error:
            if server is None:
                raise
            return _kill(server, str(error))
        return 1 if server is None else _kill(server, "the daemon keeps running after `quit`")


def _kill(server: ServerProcess, why: str) -> int:
    """Kill the process if it is certain to be the daemon's; return the exit status."""
    objection = server.reason_not_to_kill()
    if objection is not None:
        print_error(f"{why.partition(';')[0]}: {objection}")
        return 1
    if not server.kill():
        print_error(f"process {server.pid} is blocked in the kernel: even SIGKILL does not end it")
        return 1
    print_error(f"process {server.pid} did not answer, and was terminated by a signal")
    return 0


def _pid_to_await(reported: object, server: ServerProcess | None) -> int | None:
    """Return the process id: from the kernel if it is known, else as the daemon reports it."""
    if server is not None and server.pid is not None:
        return server.pid or None
    return reported if type(reported) is int and 1 < reported < _PID_LIMIT else None


def _has_exited(client: Client, pid: int | None, reported: object) -> bool:
    deadline = time.monotonic() + _TIMEOUT
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
