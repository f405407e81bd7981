"""A daemon's life: claim the socket, watch the tree, answer clients, end.

`run` and `run_detached` are the two entry points; both call `serve`.  Each function stands below
its callers.
"""

import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from fsmond.daemon.end_signals import EndSignals
from fsmond.daemon.health import Health, Idleness
from fsmond.daemon.log.logs import Log
from fsmond.daemon.memory import return_freed_memory
from fsmond.daemon.parts import make_monitor, make_requests, share_covering, store_history
from fsmond.daemon.requests import Requests
from fsmond.daemon.settings import Settings
from fsmond.errors import Error, StartError
from fsmond.folders import make
from fsmond.monitor.monitor import Monitor
from fsmond.presence.notes import Note
from fsmond.presence.title import show_tree
from fsmond.printable import message_of, printable
from fsmond.process.attempts import StartAttempt
from fsmond.process.detach import READY, raise_limits, report_to_parent
from fsmond.protocol import FSMOND
from fsmond.rendezvous import Place
from fsmond.service.notify import notify_ready
from ipc.errors import AddressInUseError
from ipc.errors import Error as IPCError
from ipc.server import Server, ServerOptions

# Which daemon a new one stops, to take its place.
REPLACE_NONE, REPLACE_OTHER_PROGRAMS, REPLACE_ANY = "none", "other programs", "any"

_REPLACE_TIMEOUT = 30.0  # seconds in which a daemon that was asked to quit has to be gone
_REMOVAL_CHECK = 0.002  # seconds; `rm` takes half a millisecond for a new repository
_FIRST_CLIENT = 0.03  # seconds in which the client that started the daemon is served first
_REMOVAL_INTERVAL = 0.001  # seconds between two checks for a removal, during _FIRST_CLIENT
_EARLY = 0.3  # seconds after the start in which ticks are more frequent
_EARLY_TICK = 0.03  # seconds between two ticks in that time
_GC_DELAY = 10.0  # seconds from the start, after which the collector of garbage is enabled
TICK = 0.5  # seconds between two ticks after it
_MIN_DESCRIPTORS = 32  # more than half of them are in use right after the start
_PYTHON_NO_THREAD = "can't start new thread"  # Python's message
_NO_MORE_THREADS = (
    "the system allows no more threads or processes: see ulimit -u, ulimit -v, and pids.max of the "
    "control group"
)

_log = logging.getLogger(__name__)


class _NotNeededError(StartError):
    """No daemon is needed: another one is running, or the tree is gone."""


class _SignalledError(Exception):
    """A signal came before there was a server that it could stop."""


def run(place: Place, *, replace: bool) -> int:
    """Be the daemon in the foreground; return the exit status.

    `replace`: stop any other daemon first, also one of fsmond's: a service manager wants this very
    process to be the daemon.
    """
    raise_limits()
    log = Log(place.root)
    log.open(to_file=False)
    try:
        serve(place, log, ready=notify_ready, replace=REPLACE_ANY if replace else REPLACE_NONE)
    except Error:
        log.close()
        raise
    return end_log(log, 0)


def run_detached(arguments: list[str]) -> int:
    """Be the daemon, after `detach`; report to the parent when it answers, or why it does not."""
    return_freed_memory()
    replaces = arguments[-1] == "--replace"
    place = Place.from_arguments(arguments[: len(arguments) - replaces])
    replace = REPLACE_OTHER_PROGRAMS if replaces else REPLACE_NONE
    log = Log(place.root)
    log.hold()
    attempt = StartAttempt(place)

    def ready() -> None:
        attempt.clear()
        report_to_parent(READY)

    try:
        serve(place, log, ready, replace=replace, detached=True)
    except Error as error:
        if isinstance(error, _NotNeededError):
            attempt.clear()
        report_to_parent(f"{printable(str(error))}\n".encode(errors="replace"))
        log.open(to_file=True)
        _log.error("%s", error)
        return end_log(log, 1)
    except Exception as error:
        attempt.record_failure(f"it failed: {error}")
        log.open(to_file=True)
        _log.exception("failed")
        log.close()
        raise
    return end_log(log, 0)


def end_log(log: Log, status: int) -> int:
    """Write the rest of the log; return the exit status, or exit here if the write is blocked."""
    if not log.close():
        os._exit(status)  # a normal exit of Python would wait for the blocked thread
    return status


def serve(
    place: Place,
    log: Log,
    ready: Callable[[], None],
    *,
    replace: str = REPLACE_NONE,
    detached: bool = False,
) -> None:
    """Watch a tree and answer clients, until a client, a signal or the loss of the tree ends it.

    Call `ready` once it answers, and open the log soon after.  `replace`: REPLACE_NONE,
    REPLACE_OTHER_PROGRAMS (daemons that are not fsmond) or REPLACE_ANY.  `detached`: handle all
    signals that end a process, even if the parent ignored them.  Must be called on the main
    thread.  Raise StartError if the tree cannot be watched, or another daemon watches it.
    """
    signals = EndSignals(ignored_too=detached)
    claim = partial(_claim_socket, place, replace=replace, signals=signals)
    try:
        _refuse_few_descriptors()
        with contextlib.suppress(_SignalledError):
            _serve(place, log, ready, claim, detached=detached)
        _log.info("%s", f"ended by signal {signals.received}" if signals.received else "ended")
    except AddressInUseError as error:
        root = os.fsdecode(place.root)
        raise _NotNeededError(
            f"{root} is already watched by another daemon; to replace it: fsmond run --replace"
        ) from error
    except StartError:
        raise
    except (IPCError, OSError) as error:
        kind = StartError if _exists(place) else _NotNeededError
        raise kind(message_of(error)) from error
    except RuntimeError as error:
        if str(error) != _PYTHON_NO_THREAD:
            raise
        raise StartError(_NO_MORE_THREADS) from error


def _refuse_few_descriptors() -> None:
    """Raise StartError if descriptors would soon run out, after the report that it answers."""
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft < _MIN_DESCRIPTORS:
            raise StartError(
                f"only {soft} files may be open at once, and a daemon needs {_MIN_DESCRIPTORS}: "
                f"ulimit -n {_MIN_DESCRIPTORS}"
            )


def _exists(place: Place) -> bool:
    """Return whether there is a tree to watch, as far as its paths show."""
    try:
        return Health(place).problem() is None
    except OSError:
        return False


def _serve(
    place: Place,
    log: Log,
    ready: Callable[[], None],
    claim: Callable[[Requests], Server],
    *,
    detached: bool,
) -> None:
    _refuse_pseudo_filesystem(place.root)
    health, note = Health(place), Note(place)
    idleness = Idleness(place, Settings.of().idle_timeout if detached else 0)
    monitor = make_monitor(place)
    store_history(place, monitor, health)
    share_covering(place, monitor)
    if place.worktree is None:
        make(os.fsdecode(os.path.dirname(place.socket)))
    try:
        requests = make_requests(place, monitor, log)
        _refuse_removed(health)
        # From here on clients are answered, if only with "everything": Git waits without a timeout.
        server = claim(requests)
        try:
            # A removal may have listed the directory before the socket came, and continue now.
            _refuse_removed(health, within=_REMOVAL_CHECK)
            monitor.reports.on_end = partial(_end, requests, server, monitor)
            server.start()
            monitor.start()
            ready()
            if _serve_first_client(server, health):
                log.open(to_file=True, announce=True)  # not earlier: it takes time
                if detached:
                    show_tree(place.root)
                _tick_until_end(server, _Parts(monitor, requests, health, log, note, idleness))
        finally:
            note.remove()  # before the socket goes: a later daemon writes its own
            requests.end(monitor.reports.ended or "it was stopped")
            server.close()
            requests.stop()
    finally:
        gc.enable()
        monitor.stop()


def _end(requests: Requests, server: Server, monitor: Monitor) -> None:
    """End soon, as the tree cannot be watched any longer; any thread, and never blocks."""
    requests.end(monitor.reports.ended or "the tree is gone")
    server.stop()


def _refuse_pseudo_filesystem(root: bytes) -> None:
    """Raise StartError for `/proc` and similar directories, which `core.worktree` may name."""
    if sys.platform == "linux":
        from fsmond.daemon.pseudo_filesystems_linux import pseudo_filesystem_type

        kind = pseudo_filesystem_type(root)
        if kind is not None:
            path, name = printable(root), kind.decode(errors="replace")
            raise StartError(f"{path} holds no files: it is in a pseudo file system ({name})")


def _refuse_removed(health: Health, within: float = 0.0) -> None:
    """Raise StartError if the tree is gone, or goes within so many seconds."""
    problem = health.problem()
    deadline = time.monotonic() + within
    while problem is None:
        if health.is_being_removed():
            problem = "its git directory is being removed"
        elif time.monotonic() >= deadline:
            return
    raise _NotNeededError(problem)


def _claim_socket(place: Place, requests: Requests, *, replace: str, signals: EndSignals) -> Server:
    """Claim the socket; stop its owner at the last moment, as Git soon starts its daemon again.

    The server that is returned is stopped by a signal.  If there was one before: _SignalledError.
    """
    deadline = time.monotonic() + _REPLACE_TIMEOUT
    # Whoever may write in a git directory controls the repository, by its hooks.
    options = ServerOptions(allow_shared_directory=place.worktree is not None)
    while signals.received is None:
        try:
            server = Server(place.socket, requests, options)
            signals.call(server.stop)
            return server
        except AddressInUseError:
            if replace == REPLACE_NONE or time.monotonic() > deadline:
                raise
            from fsmond.process.socket_owner import owner_of, stop_owner  # seldom needed

            if replace == REPLACE_OTHER_PROGRAMS and owner_of(place) == FSMOND:
                raise
            _log.info("another daemon is running: asking it to quit")
            stop_owner(place)
    raise _SignalledError


def _serve_first_client(server: Server, health: Health) -> bool:
    """Let the client that started the daemon go first; return whether the git directory stays.

    `rm -r` fails if a file appears in a directory that it has listed.  It may have listed this one
    before the socket came, so check meanwhile whether the directory is being removed.
    """
    deadline = time.monotonic() + _FIRST_CLIENT
    while time.monotonic() < deadline:
        if health.is_being_removed():
            _log.warning("ending: the git directory is being removed")
            return False
        if server.wait(_REMOVAL_INTERVAL):
            break
    return True


class _Parts(NamedTuple):
    """What needs work at each tick."""

    monitor: Monitor
    requests: Requests
    health: Health
    log: Log
    note: Note
    idleness: Idleness


def _tick_until_end(server: Server, parts: _Parts) -> None:
    """Do what is due at each tick, until the server stops or there is nothing left to watch."""
    monitor = parts.monitor
    began = time.monotonic()
    early_until = began + _EARLY
    gc.disable()  # what is made until the index is ready lives until the end
    while not server.wait(TICK if time.monotonic() > early_until else _EARLY_TICK):
        if server.stop_reason is not None:
            # Clients that wait for a comparison would delay the end for minutes.
            monitor.index_worker.stop()
            break
        monitor.tick()
        parts.requests.tick()
        parts.log.mark_in_use()
        parts.note.keep()
        if _is_idle(parts):
            _log.info("ending: no client has asked for a while")
            return
        is_ready = monitor.index_worker.state == "ready"
        if not gc.isenabled() and (is_ready or time.monotonic() > began + _GC_DELAY):
            gc.collect()
            gc.freeze()  # later collections skip it
            gc.enable()
        problem = monitor.reports.ended or parts.health.problem()
        if problem:
            _log.warning("ending: %s", problem)
            parts.requests.end(problem)
            return
    if monitor.reports.ended:
        _log.warning("ending: %s", monitor.reports.ended)
    _log.info("the server stopped: %s", server.stop_reason)


def _is_idle(parts: _Parts) -> bool:
    """Return whether nobody needs the daemon; never if tokens would end with it."""
    is_over = parts.idleness.is_over(parts.monitor.queries, parts.requests.waiting)
    return is_over and parts.monitor.history_status().stored
