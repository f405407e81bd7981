"""Show people how far a look at the whole tree has come: on a terminal, and nowhere else."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fsmond.client import Client
from fsmond.errors import Error
from fsmond.git.worktree import Worktree

_BETWEEN = 0.1  # seconds between two looks
_LATE = 0.5  # seconds; what takes less needs no bar
_MOST = 99  # per cent that are shown of what goes on
_STALLED = 60.0  # seconds without a change, after which nobody waits any longer

Progress = Callable[[dict[str, object]], int]


class Step(NamedTuple):
    """What goes on, and how far that has come."""

    title: str
    done: int
    total: int | None
    """None if nobody knows."""

    @property
    def shown_done(self) -> int:
        """How much is shown: never all, as it is not shown any more when all is done."""
        return self.done if self.total is None else min(self.done, self.total * _MOST // 100)


def at_terminal() -> bool:
    """Say whether somebody may look at standard error."""
    if not sys.stderr.isatty():
        return False
    try:
        os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):  # the last on Windows, if it is none of the standard ones
        return False  # NUL passes for a terminal there
    return True


@contextmanager
def shown(client: Client, title: str, progress: Progress) -> Iterator[None]:
    """Show a bar while the body runs; `progress` reads from the daemon's status how much is done.

    It has a thread, which is started here and joined here.
    """
    with _shown(client, lambda told: Step(title, progress(told), number(told, "directories"))):
        yield


@contextmanager
def _shown(client: Client, step_of: Callable[[dict[str, object]], Step]) -> Iterator[None]:
    if not at_terminal():
        yield
        return
    ended = threading.Event()
    showing = threading.Thread(target=_show, args=(client, step_of, ended))
    showing.start()
    try:
        yield
    finally:
        ended.set()
        showing.join()


def _show(
    client: Client, step_of: Callable[[dict[str, object]], Step], ended: threading.Event
) -> None:
    if ended.wait(_LATE):
        return
    from tqdm import tqdm  # slow to import, and seldom needed

    with tqdm(unit=" directories", file=sys.stderr, leave=False) as bar:
        while not ended.wait(_BETWEEN):
            try:
                step = step_of(client.status())
            except (Error, TimeoutError):
                return  # whoever waits for the daemon will say so
            if bar.desc != f"{step.title}: ":
                bar.set_description(step.title, refresh=False)
                bar.reset(step.total)
            bar.total = step.total
            bar.n = step.shown_done
            bar.refresh()


def wait_until_ready(client: Client) -> None:
    """Wait until the daemon knows its tree, if somebody looks.  To go away does no harm."""
    if not at_terminal():
        return
    last, deadline = None, time.monotonic() + _STALLED
    with _shown(client, Start(client.place.worktree).step):
        while True:
            told = client.status()
            if told.get("state") in ("ready", None):
                return
            now = [told.get(name) for name in ("state", "listed", "indexed")]
            if now != last:
                last, deadline = now, time.monotonic() + _STALLED
            elif time.monotonic() > deadline:
                break
            time.sleep(_BETWEEN)
    print("fsmond: it takes long, and goes on by itself; see: fsmond status", file=sys.stderr)


class Start:
    """How far a daemon has come that was just started; used on the thread that shows it."""

    def __init__(self, worktree: Worktree | None) -> None:
        self._worktree = worktree
        self._estimate: int | None = None

    def step(self, told: dict[str, object]) -> Step:
        """Return what goes on, by the daemon's status.

        How many directories there are is known when they are covered.  Before, those of which Git
        knows are an estimate, which is given up when there are more.
        """
        directories, indexed = number(told, "directories"), number(told, "indexed")
        if told.get("state") == "covering":
            total = self._directories_of_git()
            done = number(told, "listed") or directories
            return Step("finding directories", done, total if directories <= total else None)
        # Where they are compared for each query, they are counted only then.
        total = directories or self._directories_of_git()
        return Step("making the index", indexed, total if indexed <= total else None)

    def _directories_of_git(self) -> int:
        if self._estimate is None:
            self._estimate = 0 if self._worktree is None else _directories_in(self._worktree)
        return self._estimate


def _directories_in(worktree: Worktree) -> int:
    from fsmond.git.index_names import names_in  # seldom needed

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


def number(told: dict[str, object], name: str) -> int:
    """Return a figure of the daemon's status; 0 if there is none."""
    value = told.get(name)
    return value if isinstance(value, int) else 0
