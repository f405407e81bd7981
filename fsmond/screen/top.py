"""A live view of all daemons, and of what changes in their trees."""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from fsmond.client import Client
from fsmond.errors import Error
from fsmond.manage.daemons import Daemon, for_each, running
from fsmond.printable import printable
from fsmond.screen.tables import daemon_table

_CHANGES = 12  # newest changed paths that are shown
_ASKED = 200  # changed paths of one tree that are taken at a time
_INTERVAL = 1.0  # seconds between two looks
_EVERYTHING = "everything may have changed"


class Top:
    """What is shown; `look` asks all daemons for it."""

    def __init__(self, find: Callable[[], Sequence[Daemon]]) -> None:
        self._find = find
        self._tokens: dict[bytes, str] = {}  # the last one, by root
        self._changes: deque[tuple[str, str]] = deque(maxlen=_CHANGES)
        self._daemons: Sequence[Daemon] = ()

    def look(self) -> None:
        """Ask all daemons for their state, and for what changed since the last look."""
        self._daemons = self._find()
        answers = for_each(self._daemons, self._changed)
        now = time.strftime("%H:%M:%S")
        for changed in answers:
            self._changes.extend((now, path) for path in changed)
        roots = {each.place.root for each in self._daemons}
        self._tokens = {root: token for root, token in self._tokens.items() if root in roots}

    def shown(self) -> Group:
        """Return what is shown now."""
        if not self._daemons:
            return Group(Text("no daemon of yours is running", "yellow"))
        lines = [Text(f"{now}  {path}", "default") for now, path in self._changes]
        title = Text("\nCHANGES", "bold")
        if not lines:
            lines = [Text("none yet", "dim")]
        keys = Text("\nto end: Ctrl-C", "dim")
        return Group(daemon_table(self._daemons), title, *lines, keys)

    def _changed(self, daemon: Daemon) -> list[str]:
        """Return the paths that changed in a tree since the last look, the newest last."""
        if daemon.status is None:
            return []
        root = daemon.place.root
        try:
            answer = Client(daemon.place, start=False).query(self._tokens.get(root))
        except (Error, TimeoutError):
            return []
        is_first = root not in self._tokens
        self._tokens[root] = answer.token
        shown = printable(root)
        if answer.paths is None:
            return [] if is_first else [f"{shown}: {_EVERYTHING}"]
        return [f"{shown}/{printable(path)}" for path in reversed(answer.paths[:_ASKED])]


def show_top(console: Console, roots: Collection[bytes], *, once: bool = False) -> None:
    """Show it until interrupted; where there is no terminal, or if `once`, one time.

    `roots`: of the trees to show; all if there are none.
    """
    top = Top(lambda: [each for each in running() if not roots or each.place.root in roots])
    top.look()
    if once or not console.is_terminal:
        console.print(top.shown())
        return
    with Live(top.shown(), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(_INTERVAL)
            top.look()
            live.update(top.shown(), refresh=True)
