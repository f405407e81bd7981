"""Make the parts of a daemon, as a tree, Git and the settings demand."""

import contextlib
import logging
import os
import sys
from functools import partial

from fsmond.daemon.clients import ClientCheck, views_for_platform
from fsmond.daemon.health import Health
from fsmond.daemon.history import history_file
from fsmond.daemon.log.logs import Log
from fsmond.daemon.requests import Requests
from fsmond.daemon.settings import HISTORY, Settings
from fsmond.errors import StartError
from fsmond.git.folding import folds_case
from fsmond.git.index_file import is_large, is_small
from fsmond.git.worktree import is_within
from fsmond.isolation import INSTALL_PATH
from fsmond.monitor.monitor import Monitor
from fsmond.monitor.timestamps import Timestamps
from fsmond.printable import message_of
from fsmond.process.spawn import interpreter
from fsmond.rendezvous import Place
from fsmond.storage.file import UnusableError
from fsmond.watching.choice import watcher_for_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.filters.ignore_rules import IgnoreRules
    from fsmond.git.spellings import Spellings

_log = logging.getLogger(__name__)


def make_monitor(place: Place) -> Monitor:
    """Return the monitor of a tree, not started."""
    settings = Settings.of()
    monitor = Monitor(
        place.root,
        partial(watcher_for_platform, how=settings.watch),
        excluded=_excluded_paths(place),
    )
    monitor.verify_every = settings.verify_every
    git_index = _git_index(place)
    if git_index is not None:
        monitor.timestamps = Timestamps(git_index)
        monitor.is_large = is_large(git_index)
    return monitor


def store_history(place: Place, monitor: Monitor, health: Health) -> None:
    """Have the history stored, unless that is switched off or cannot be."""
    if Settings.of().history == "off":
        monitor.why_not_stored = f"{HISTORY} is off"
        return
    try:
        store = monitor.store_in(history_file(place, _excluded_paths(place)))
    except (OSError, UnusableError) as error:
        monitor.why_not_stored = message_of(error) if isinstance(error, OSError) else str(error)
        _log.warning("no history is stored: %s", monitor.why_not_stored)
        return
    if sys.platform == "linux" and _has_second_processor():
        from fsmond.helping.process_linux import HelperProcess

        with contextlib.suppress(StartError):  # there is no interpreter
            monitor.have_helped(HelperProcess(interpreter(), INSTALL_PATH))
    # `rm -r` fails if a file appears in a directory that it has listed.
    store.is_allowed = lambda: not health.is_being_removed()


def share_covering(place: Place, monitor: Monitor) -> None:
    """Have another process help to cover a tree that is not small; after `store_history`.

    With a stored history the names of its directories are known, and they need not be listed.
    """
    if sys.platform == "linux":
        from fsmond.process.fork_unix import has_one_thread
        from fsmond.watching.inotify.emitter import InotifyEmitter

        watcher, index = monitor.watcher, _git_index(place)
        if not isinstance(watcher, InotifyEmitter) or not _has_second_processor():
            return
        if (index is None or not is_small(index)) and not monitor.has_stored and has_one_thread():
            with contextlib.suppress(OSError):  # the system allows no more processes
                watcher.share_listings()


if sys.platform == "linux":

    def _has_second_processor() -> bool:
        return len(os.sched_getaffinity(0)) > 1


def _excluded_paths(place: Place) -> frozenset[bytes]:
    """Return the paths that do not belong to the tree: its git directory, by all its names."""
    excluded = {b".git"}
    if place.worktree is not None:
        gitdir = os.path.realpath(place.worktree.gitdir)  # `.git` may be a symbolic link
        if is_within(gitdir, place.root):
            path = os.path.relpath(gitdir, place.root)
            excluded.add(path.replace(os.fsencode(os.sep), b"/"))
        excluded |= _spellings_of_dot_git(place.root)
    return frozenset(excluded)


def _spellings_of_dot_git(root: bytes) -> set[bytes]:
    """Return the names of `.git` in the root: `.GIT` is one if the file system folds case."""
    git = os.path.join(root, b".git")
    candidates = [name for name in os.listdir(root) if name.lower() == b".git"]
    return {name for name in candidates if os.path.samefile(os.path.join(root, name), git)}


def _git_index(place: Place) -> bytes | None:
    return os.path.join(place.worktree.gitdir, b"index") if place.worktree else None


def make_requests(place: Place, monitor: Monitor, log: Log) -> Requests:
    """Return what answers the clients."""
    facts = {
        "settings": Settings.of()._asdict(),
        "socket": os.fsdecode(place.socket),
        "log": lambda: log.path,
        "last_error": log.last_error,
    }
    clients = ClientCheck(place.root, place.tree_id(), views_for_platform())
    requests = Requests(monitor, facts, git_index=_git_index(place), clients=clients)
    requests.spellings = _git_spellings(place)
    requests.ignore_rules = partial(_ignore_rules, place)
    return requests


def _ignore_rules(place: Place) -> "IgnoreRules":
    """Return what says which paths Git ignores; without Git, `.gitignore` files alone do."""
    from fsmond.filters.ignore_rules import IgnoreRules  # takes long to import, and rarely needed

    index = _git_index(place)
    if place.worktree is None or index is None:
        return IgnoreRules(place.root, list, None)
    from fsmond.git.ignore_sources import IgnoreSources
    from fsmond.git.tracked import Tracked

    sources = IgnoreSources(place.root, place.worktree.gitdir)
    ignore_case = sources.ignore_case
    tracked = Tracked(index, ignore_case=ignore_case)
    return IgnoreRules(place.root, sources, tracked, ignore_case=ignore_case)


def _git_spellings(place: Place) -> "Spellings | None":
    """Return the names in Git's index, if the file system finds a file by other spellings too."""
    if place.worktree is None:
        return None
    if not folds_case(place.root, place.worktree.gitdir):
        return None
    from fsmond.git.spellings import Spellings  # not needed for an ordinary tree

    return Spellings(os.path.join(place.worktree.gitdir, b"index"))
