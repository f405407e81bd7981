"""Show people how far a look at the whole tree has come: on a terminal, and nowhere else."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fsmond.client import Client
from fsmond.errors import Error

_BETWEEN = 0.1  # seconds between two looks
_LATE = 0.5  # seconds; what takes less needs no bar


Progress = Callable[[dict[str, object]], int]


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
    if not at_terminal():
        yield
        return
    ended = threading.Event()
    showing = threading.Thread(target=_show, args=(client, title, progress, ended))
    showing.start()
    try:
        yield
    finally:
        ended.set()
        showing.join()


def _show(client: Client, title: str, progress: Progress, ended: threading.Event) -> None:
    if ended.wait(_LATE):
        return
    from tqdm import tqdm  # slow to import, and seldom needed

    with tqdm(desc=title, unit=" directories", file=sys.stderr, leave=False) as bar:
        while not ended.wait(_BETWEEN):
            try:
                told = client.status()
            except (Error, TimeoutError):
                return  # whoever waits for the daemon will say so
            directories = told.get("directories")
            bar.total = directories if isinstance(directories, int) else None
            bar.update(progress(told) - bar.n)


def wait_until_ready(client: Client) -> None:
    """Wait until the daemon knows its tree, if somebody looks.  To go away does no harm."""
    if not at_terminal():
        return
    with shown(client, "looking at the tree", lambda told: int(str(told.get("directories", 0)))):
        while client.status().get("state") not in ("ready", None):
            time.sleep(_BETWEEN)
