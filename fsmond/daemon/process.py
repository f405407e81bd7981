"""A daemon's life, from the first line to the last."""

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from fsmond.daemon.askers import Askers
from fsmond.daemon.attempts import Attempt
from fsmond.daemon.detach import READY, raise_limits, release
from fsmond.daemon.health import Health
from fsmond.daemon.logs import Log
from fsmond.daemon.memory import give_back_memory
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.daemon.settings import Settings
from fsmond.daemon.timestamps import Timestamps
from fsmond.daemon.views import views_for_platform
from fsmond.errors import Error, StartError
from fsmond.folders import make
from fsmond.git.folding import folds_case
from fsmond.git.index_file import is_large
from fsmond.git.worktree import is_within, shown
from fsmond.printable import message_of, printable
from fsmond.protocol import FSMOND
from fsmond.rendezvous import Place
from fsmond.watching.choice import watcher_for_platform
from ipc.errors import AddressInUseError
from ipc.errors import Error as IPCError
from ipc.server import Server, ServerOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.git.spellings import Spellings

# Whom a daemon has quit that finds another one in its place.
NOBODY, OTHERS, ANYBODY = "nobody", "others", "anybody"

_REPLACED = 30.0  # seconds in which another daemon is gone that was asked to quit
_FIRST = 0.03  # seconds in which those are answered first who started us
_AT_ONCE = 0.002  # seconds; `rm` takes half of one for a new repository
_SHORTLY = 0.001  # seconds between two looks at whether a directory is being removed, in these
_EARLY = 0.3  # seconds in which we look more often than later
_LEAST_FILES = 32  # descriptors that are needed to begin with: more than half of them are, at once
_NO_THREAD = "can't start new thread"  # what Python says
_NO_MORE_THREADS = (
    "the system allows no more threads or processes: see ulimit -u, ulimit -v, and pids.max of the "
    "control group"
)
TICK = 0.5  # seconds between two looks at whether there is something to watch

_log = logging.getLogger(__name__)


class _NotNeededError(StartError):
    """No daemon is wanted: another one is there, or the tree is not."""


class _Ended(BaseException):
    """A signal asks us to end.  Not an Exception: nothing on its way may take it for an error."""


def run(place: Place, *, replace: bool) -> int:
    """Be the daemon in the foreground; return the exit status.

    `replace`: in the place of whoever is there.  Who runs it means this process, as a service does.
    """
    raise_limits()
    log = Log(place.root)
    log.open(to_file=False)
    try:
        serve(place, log, ready=lambda: None, replace=ANYBODY if replace else NOBODY)
    except Error:
        log.close()
        raise
    return end_log(log, 0)


def run_detached(said: list[str]) -> int:
    """Be the daemon, after `detach`; tell whoever started us when we answer, or why not."""
    give_back_memory()
    replaces = said[-1] == "--replace"
    place = Place.from_arguments(said[: len(said) - replaces])
    replace = OTHERS if replaces else NOBODY
    log = Log(place.root)

    def ready() -> None:
        attempt.forget()
        release(READY)

    attempt = Attempt(place)
    try:
        serve(place, log, ready, replace=replace, detached=True)
    except Error as error:
        if isinstance(error, _NotNeededError):
            attempt.forget()
        release(f"{printable(str(error))}\n".encode(errors="replace"))
        log.open(to_file=True)
        _log.error("%s", error)
        return end_log(log, 1)
    except Exception as error:
        attempt.note(f"it failed: {error}")
        log.open(to_file=True)
        _log.exception("failed")
        log.close()
        raise
    return end_log(log, 0)


def end_log(log: Log, status: int) -> int:
    """Write what is still to be logged; return the exit status, or end here if that hangs."""
    if not log.close():
        os._exit(status)  # Python's own end would wait for it
    return status


def serve(
    place: Place,
    log: Log,
    ready: Callable[[], None],
    *,
    replace: str = NOBODY,
    detached: bool = False,
) -> None:
    """Watch a tree and answer for it, until told to quit or there is nothing left to watch.

    Calls `ready` when it answers, and opens the log soon after.  `replace`: whom it has quit, of
    NOBODY, OTHERS (who are no fsmond) and ANYBODY.  `detached`: no signal is ignored, whatever
    those who start us ignore.  Must be called on the main thread.  Raises StartError if the tree
    cannot be watched, or another daemon does so.
    """
    _end_on_signals(detached=detached)
    try:
        _refuse_few_descriptors()
        _serve(place, log, ready, replace=replace)
        _log.info("ended")
    except _Ended as end:
        _log.info("ended by signal %s", end)
    except AddressInUseError as error:
        raise _NotNeededError(f"{os.fsdecode(place.root)} is watched already") from error
    except StartError:
        raise
    except (IPCError, OSError) as error:
        kind = StartError if _is_there(place) else _NotNeededError
        raise kind(message_of(error)) from error
    except RuntimeError as error:
        if str(error) != _NO_THREAD:
            raise
        raise StartError(_NO_MORE_THREADS) from error


def _serve(place: Place, log: Log, ready: Callable[[], None], *, replace: str) -> None:
    _refuse_pseudo(place.root)
    health = Health(place)
    monitor = _monitor_of(place)
    git_index = os.path.join(place.worktree.gitdir, b"index") if place.worktree else None
    facts = {
        "settings": Settings.of()._asdict(),
        "socket": os.fsdecode(place.socket),
        "log": lambda: log.path,
        "last_error": log.last_error,
    }
    if place.worktree is None:
        make(os.fsdecode(os.path.dirname(place.socket)))
    try:
        # Clients are answered from now on, if only with "everything": Git waits without a limit.
        askers = Askers(place.root, place.tree_id(), views_for_platform())
        requests = Requests(monitor, facts, git_index=git_index, askers=askers)
        requests.spellings = _spellings(place)
        _refuse_removed(health)
        server = _server(place, requests, replace=replace)
        try:
            # Whoever removes it may have listed it before the socket came, and goes on now.
            _refuse_removed(health, within=_AT_ONCE)
            monitor.on_end = server.stop
            server.start()
            monitor.start()
            ready()
            if _outlasts_its_start(server, health):
                log.open(to_file=True, watching=True)  # not before, as that takes time
                _wait(server, monitor, health, log)
        finally:
            server.close()
    finally:
        monitor.stop()


def _is_there(place: Place) -> bool:
    """Say whether there is something to watch, as far as a look by its paths can tell."""
    try:
        return Health(place).problem() is None
    except OSError:
        return False


def _monitor_of(place: Place) -> Monitor:
    settings = Settings.of()
    monitor = Monitor(
        place.root,
        partial(watcher_for_platform, how=settings.watch),
        excluded=_excluded(place),
    )
    monitor.verify_every = settings.verify_every
    if place.worktree is not None:
        git_index = os.path.join(place.worktree.gitdir, b"index")
        monitor.timestamps = Timestamps(git_index)
        monitor.is_large = is_large(git_index)
    return monitor


def _refuse_removed(health: Health, within: float = 0.0) -> None:
    """Raise StartError if the tree goes, now or in so many seconds."""
    problem = health.problem()
    late = time.monotonic() + within
    while problem is None:
        if health.is_being_removed():
            problem = "its git directory is being removed"
        elif time.monotonic() >= late:
            return
    raise _NotNeededError(problem)


def _refuse_few_descriptors() -> None:
    """Raise StartError where we would soon fail, after having told that we answer."""
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft < _LEAST_FILES:
            raise StartError(
                f"no more than {soft} files may be open at once, and a daemon needs "
                f"{_LEAST_FILES}: ulimit -n {_LEAST_FILES}"
            )


def _outlasts_its_start(server: Server, health: Health) -> bool:
    """Answer those first who started us; say whether the git directory stays.

    `rm -r` fails if something comes into a directory that it has listed.  So as long as it may be
    at work in one that it listed before our socket came, we look whether that one goes.
    """
    late = time.monotonic() + _FIRST
    while time.monotonic() < late:
        if health.is_being_removed():
            _log.warning("ending: the git directory is being removed")
            return False
        if server.wait(_SHORTLY):
            break
    return True


def _refuse_pseudo(root: bytes) -> None:
    """Raise StartError for `/proc` and its like, which `core.worktree` may name."""
    if sys.platform == "linux":
        from fsmond.daemon.pseudo_linux import pseudo_kind

        kind = pseudo_kind(root)
        if kind is not None:
            path, name = shown(root), kind.decode(errors="replace")
            raise StartError(f"{path} holds no files, but what the system shows of itself ({name})")


def _spellings(place: Place) -> "Spellings | None":
    """Return how Git's index spells names, if there a file may be found by other spellings."""
    if place.worktree is None:
        return None
    if not folds_case(place.root, place.worktree.gitdir):
        return None
    from fsmond.git.spellings import Spellings  # not needed for an ordinary tree

    return Spellings(os.path.join(place.worktree.gitdir, b"index"))


def _server(place: Place, requests: Requests, *, replace: str) -> Server:
    """Claim the place; have whoever is there quit not before, as Git soon starts it again."""
    deadline = time.monotonic() + _REPLACED
    while True:
        try:
            return Server(place.socket, requests, _options(place))
        except AddressInUseError:
            if replace == NOBODY or time.monotonic() > deadline:
                raise
            from fsmond.daemon.holder import have_quit, holder_of  # seldom needed

            if replace == OTHERS and holder_of(place) == FSMOND:
                raise
            _log.info("another daemon is there: asking it to quit")
            have_quit(place)


def _wait(server: Server, monitor: Monitor, health: Health, log: Log) -> None:
    frozen = False
    early = time.monotonic() + _EARLY
    while not server.wait(TICK if time.monotonic() > early else _FIRST):
        if server.stop_reason is not None:
            monitor.keeper.stop()  # whoever waits for a comparison would keep us for minutes
            break
        monitor.tick()
        log.keep()
        if monitor.keeper.built and not frozen:
            frozen = True
            gc.collect()
            gc.freeze()  # what covers the tree lives as long as we do; no need to look at it again
        problem = monitor.ended or health.problem()
        if problem:
            _log.warning("ending: %s", problem)
            return
    if monitor.ended:
        _log.warning("ending: %s", monitor.ended)
    _log.info("the server stopped: %s", server.stop_reason)


def _excluded(place: Place) -> frozenset[bytes]:
    """Return what is none of the tree's: its git directory, wherever that is."""
    excluded = {b".git"}
    if place.worktree is not None:
        gitdir = os.path.realpath(place.worktree.gitdir)  # `.git` may be a symbolic link
        if is_within(gitdir, place.root):
            path = os.path.relpath(gitdir, place.root)
            excluded.add(path.replace(os.fsencode(os.sep), b"/"))
        excluded |= _spelled_otherwise(place.root)
    return frozenset(excluded)


def _spelled_otherwise(root: bytes) -> set[bytes]:
    """Return how `.git` is written there, where `.GIT` is the same."""
    git = os.path.join(root, b".git")
    named = [name for name in os.listdir(root) if name.lower() == b".git"]
    return {name for name in named if os.path.samefile(os.path.join(root, name), git)}


def _options(place: Place) -> ServerOptions:
    # Who may write in a git directory owns the repository, by its hooks; there is nothing to guard.
    return ServerOptions(allow_shared_directory=place.worktree is not None)


def _end_on_signals(*, detached: bool) -> None:
    def end(number: int, _: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)  # once is enough
        raise _Ended(signal.Signals(number).name)

    signals = [signal.SIGTERM, signal.SIGINT]
    if sys.platform == "win32":
        # Also for the end of a console, after which there is no time left, nor a file to remove.
        signals.append(signal.SIGBREAK)
    else:
        signals.append(signal.SIGHUP)
    # In the foreground what is ignored stays so: by `nohup`, or as a shell's background job.
    signals = [each for each in signals if detached or signal.getsignal(each) != signal.SIG_IGN]
    for each in signals:
        signal.signal(each, end)
