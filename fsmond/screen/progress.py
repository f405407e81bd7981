"""Show the progress of a scan of the whole tree, if standard error is a terminal."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from fsmond.client import Client
from fsmond.errors import Error
from fsmond.git.worktree import Worktree

_INTERVAL = 0.1  # seconds between two requests for the status
_DELAY = 0.5  # seconds before a bar appears
_MAX_PERCENT = 99  # shown while the scan is running
_STALLED = 60.0  # seconds without progress, after which waiting ends

Progress = Callable[[Mapping[str, object]], int]


class Step(NamedTuple):
    """What is running, and how far it has come."""

    title: str
    done: int
    total: int | None
    """None if it is unknown."""

    @property
    def shown_done(self) -> int:
        """How much to show as done: never all, as the bar disappears when all is done."""
        return self.done if self.total is None else min(self.done, self.total * _MAX_PERCENT // 100)


def at_terminal() -> bool:
    """Return whether standard error is a terminal."""
    if not sys.stderr.isatty():
        return False
    try:
        os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):  # on Windows, ValueError for all but the standard descriptors
        return False  # `isatty` is true for NUL there
    return True


@contextmanager
def progress_bar(client: Client, title: str, progress: Progress) -> Iterator[None]:
    """Show a bar while the body runs; `progress` reads from a status how much is done.

    Start a thread for it, and join it at the end.
    """

    def step_of(status: Mapping[str, object]) -> Step:
        return Step(title, progress(status), number(status, "directories"))

    with _bar(client, step_of):
        yield


@contextmanager
def _bar(client: Client, step_of: Callable[[Mapping[str, object]], Step]) -> Iterator[None]:
    if not at_terminal():
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_show, args=(client, step_of, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _show(
    client: Client, step_of: Callable[[Mapping[str, object]], Step], ended: threading.Event
) -> None:
    if ended.wait(_DELAY):
        return
    from tqdm import tqdm  # slow to import, and rarely needed

    with tqdm(unit=" directories", file=sys.stderr, leave=False) as bar:
        while not ended.wait(_INTERVAL):
            try:
                step = step_of(client.status())
            except (Error, TimeoutError):
                return  # the thread that waits for the daemon reports it
            if bar.desc != f"{step.title}: ":
                bar.set_description(step.title, refresh=False)
                bar.reset(step.total)
            bar.total = step.total
            bar.n = step.shown_done
            bar.refresh()


def wait_until_ready(client: Client) -> None:
    """On a terminal, wait until the daemon has its index.  Interrupting the wait does no harm."""
    if not at_terminal():
        return
    last, deadline = None, time.monotonic() + _STALLED
    with _bar(client, StartProgress(client.place.worktree).step):
        while True:
            status = client.status()
            if status.get("state") in ("ready", None):
                return
            now = [status.get(name) for name in ("state", "listed", "indexed")]
            if now != last:
                last, deadline = now, time.monotonic() + _STALLED
            elif time.monotonic() > deadline:
                break
            time.sleep(_INTERVAL)
    print(
        "fsmond: the daemon is still starting, and continues in the background; see: fsmond status",
        file=sys.stderr,
    )


class StartProgress:
    """The progress of a daemon that was just started; used on the bar's thread only."""

    def __init__(self, worktree: Worktree | None) -> None:
        self._worktree = worktree
        self._estimate: int | None = None

    def step(self, status: Mapping[str, object]) -> Step:
        """Return the current step, from the daemon's status.

        The number of directories is known once all are covered.  Until then, the number in the
        stored history, which is the index until it is compared, or else in Git's index, is an
        estimate; once there are more, the total is unknown.
        """
        directories, indexed = number(status, "directories"), number(status, "indexed")
        if status.get("state") == "covering":
            total = indexed or self._directories_of_git()
            done = number(status, "listed") or directories
            return Step("finding directories", done, total if directories <= total else None)
        # If directories are scanned for each query, the index is the first to count them.
        total = directories or self._directories_of_git()
        return Step("building the index", indexed, total if indexed <= total else None)

    def _directories_of_git(self) -> int:
        if self._estimate is None:
            self._estimate = 0 if self._worktree is None else _directories_in(self._worktree)
        return self._estimate


def _directories_in(worktree: Worktree) -> int:
    from fsmond.git.index_names import names_in  # rarely needed

    try:
        names = names_in(os.path.join(worktree.gitdir, b"index"))
    except (OSError, ValueError):
        return 0
    found, last = {b""}, b""
    for name in names:
        folder = name.rpartition(b"/")[0]
        while folder != last and folder not in found:
            found.add(folder)
            folder = folder.rpartition(b"/")[0]
        last = name.rpartition(b"/")[0]
    return len(found)


def number(status: Mapping[str, object], name: str) -> int:
    """Return a number from the daemon's status; 0 if it is missing."""
    value = status.get(name)
    return value if isinstance(value, int) else 0
