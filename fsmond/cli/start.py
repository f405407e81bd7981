"""`fsmond start`: who types it waits, so the usual form loads no argument parser."""

import os
import sys

from fsmond.cli.output import complain
from fsmond.client import Client
from fsmond.errors import Error
from fsmond.git.worktree import shown
from fsmond.protocol import FSMOND, OTHER_TREE, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTINGS = ("watch", "verify_every")


def run(arguments: list[str]) -> int:
    """Start a daemon, and return the exit status."""
    if len(arguments) > 1 or (arguments and arguments[0][:1] in ("", "-")):
        from fsmond.cli.main import run as explain  # knows all about options, usage and help

        return explain(["start", *arguments])
    try:
        return start(arguments[0] if arguments else ".")
    except (Error, OSError) as error:
        complain(error)
        return 1


def start(path: str, *, chosen: "Mapping[str, object] | None" = None, replace: bool = False) -> int:
    """Start a daemon; `chosen` is what it should be like, by the names of its settings.

    That comes too late if one runs that is otherwise.  `replace`: in the place of another one that
    is no fsmond.
    """
    from fsmond.daemon.launch import launch
    from fsmond.daemon.spawn import fork

    client = Client(path, start=False)
    started, met = launch(client.place, replace=replace, begin=fork)
    if started and met:
        print(f"fsmond: took the place of {named(met)}", file=sys.stderr)
    if not started and met != FSMOND:
        root = os.fsdecode(client.place.root)
        what = f"{named(met or '')} watches {root} already"
        if met == OTHER_TREE:
            what = f"{root} is not watched: the daemon of its git directory watches another tree"
        complain(f"{what}; to take its place: fsmond start --replace")
        return 1
    if not started and not _is_like(client, chosen or _environments()) and chosen:
        return 1
    if sys.stderr and sys.stderr.isatty():  # there is none below pythonw.exe
        from fsmond.cli.progress import wait_until_ready

        wait_until_ready(client)
    return 0


def _is_like(client: Client, chosen: "Mapping[str, object]") -> bool:
    """Say whether the daemon that runs was started with these settings; print what to do if not."""
    if not chosen:
        return True
    told = client.status().get("settings")
    settings = told if isinstance(told, dict) else {}
    other = [name for name, value in chosen.items() if str(settings.get(name)) != str(value)]
    if not other:
        return True
    wanted = " ".join(f"{option_of(name)}={chosen[name]}" for name in other)
    running = " ".join(f"{option_of(name)}={settings.get(name, '?')}" for name in other)
    root = shown(client.place.root)
    print(
        f"fsmond: {root} is watched already, with {running}; for {wanted}: fsmond stop, and then "
        f"fsmond start {wanted}",
        file=sys.stderr,
    )
    return False


def _environments() -> dict[str, object]:
    """Return what the environment says: daemons that others start shall be like that."""
    names = {name: os.environ.get(f"FSMOND_{name.upper()}") for name in _SETTINGS}
    return {name: value for name, value in names.items() if value}


def option_of(name: str) -> str:
    """Return how a setting is typed."""
    return f"--{name.replace('_', '-')}"
