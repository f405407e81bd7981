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
from fsmond.daemon.detach import READY, release
from fsmond.daemon.health import Health
from fsmond.daemon.logs import Log
from fsmond.daemon.memory import give_back_memory
from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from fsmond.daemon.settings import Settings
from fsmond.daemon.timestamps import Timestamps
from fsmond.daemon.views import views_for_platform
from fsmond.errors import Error, StartError, message_of
from fsmond.git.folding import folds_case
from fsmond.git.index_file import is_large
from fsmond.git.worktree import is_within, shown
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
TICK = 0.5  # seconds between two looks at whether there is something to watch

_log = logging.getLogger(__name__)


class _Ended(BaseException):
    """A signal asks us to end.  Not an Exception: nothing on its way may take it for an error."""


def run(place: Place, *, replace: bool) -> int:
    """Be the daemon in the foreground; return the exit status.

    `replace`: in the place of whoever is there.  Who runs it means this process, as a service does.
    """
    log = Log(os.fsdecode(place.root))
    log.open(to_file=False)
    serve(place, log, ready=lambda: None, replace=ANYBODY if replace else NOBODY)
    return 0


def run_detached(said: list[str]) -> int:
    """Be the daemon, after `detach`; tell whoever started us when we answer, or why not."""
    give_back_memory()
    replaces = said[-1] == "--replace"
    place = Place.from_arguments(said[: len(said) - replaces])
    replace = OTHERS if replaces else NOBODY
    log = Log(os.fsdecode(place.root))

    try:
        serve(place, log, ready=lambda: release(READY), replace=replace)
    except Error as error:
        release(f"{error}\n".encode(errors="replace"))
        log.open(to_file=True)
        _log.error("%s", error)
        return 1
    except Exception:
        log.open(to_file=True)
        _log.exception("failed")
        raise
    return 0


def serve(place: Place, log: Log, ready: Callable[[], None], *, replace: str = NOBODY) -> None:
    """Watch a tree and answer for it, until told to quit or there is nothing left to watch.

    Calls `ready` when it answers, and opens the log soon after.  `replace`: whom it has quit, of
    NOBODY, OTHERS (who are no fsmond) and ANYBODY.  Must be called on the main thread.  Raises
    StartError if the tree can't be watched, or another daemon does so.
    """
    _end_on_signals()
    try:
        _serve(place, log, ready, replace=replace)
        _log.info("ended")
    except _Ended as end:
        _log.info("ended by signal %s", end)
    except AddressInUseError as error:
        raise StartError(f"{os.fsdecode(place.root)} is watched already") from error
    except (IPCError, OSError) as error:
        raise StartError(message_of(error)) from error
    except RuntimeError as error:
        if "new thread" not in str(error):
            raise
        raise StartError(
            f"{error}: raise the limit of processes and threads (ulimit -u, TasksMax= of systemd,"
            " --pids-limit of a container), or end some"
        ) from error


def _serve(place: Place, log: Log, ready: Callable[[], None], *, replace: str) -> None:
    _refuse_pseudo(place.root)
    health = Health(place)
    settings = Settings.of()
    monitor = Monitor(
        place.root,
        partial(watcher_for_platform, how=settings.watch),
        excluded=_excluded(place),
    )
    git_index = os.path.join(place.worktree.gitdir, b"index") if place.worktree else None
    monitor.timestamps = Timestamps(git_index)
    monitor.verify_every = settings.verify_every
    monitor.is_large = git_index is not None and is_large(git_index)
    facts = {
        "settings": settings._asdict(),
        "socket": os.fsdecode(place.socket),
        "log": lambda: log.path,
        "last_error": log.last_error,
    }
    _make_folder(place)
    try:
        # Clients are answered from now on, if only with "everything": Git waits without a limit.
        askers = Askers(place.root, place.tree_id(), views_for_platform())
        requests = Requests(monitor, facts, git_index=git_index, askers=askers)
        requests.spellings = _spellings(place)
        with _server(place, requests, replace=replace) as server:
            monitor.start()
            ready()
            server.wait(_FIRST)
            log.open(to_file=True, watching=True)  # not before, as that takes time
            _wait(server, monitor, health)
    finally:
        monitor.stop()


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


def _wait(server: Server, monitor: Monitor, health: Health) -> None:
    frozen = False
    while not server.wait(TICK):
        if server.stop_reason is not None:
            monitor.keeper.stop()  # whoever waits for a comparison would keep us for minutes
            break
        monitor.tick()
        if monitor.keeper.built and not frozen:
            frozen = True
            gc.collect()
            gc.freeze()  # what covers the tree lives as long as we do; no need to look at it again
        problem = monitor.ended or health.problem()
        if problem:
            _log.warning("ending: %s", problem)
            return
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


def _make_folder(place: Place) -> None:
    """Make the folder for the sockets of directories that are no worktrees, for us alone."""
    if place.worktree is None:
        os.makedirs(os.path.dirname(place.socket), mode=0o700, exist_ok=True)


def _end_on_signals() -> None:
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
    for each in signals:
        signal.signal(each, end)
