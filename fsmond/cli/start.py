"""`fsmond start`: who types it waits, so the usual form loads no argument parser."""

import os
import sys

from fsmond.cli.output import complain
from fsmond.client import Client
from fsmond.errors import Error
from fsmond.protocol import FSMOND, named


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


def start(path: str, *, chosen: str = "", replace: bool = False) -> int:
    """Start a daemon; `chosen` is what it should be like, and comes too late if one runs.

    `replace`: in the place of another one that is no fsmond.
    """
    from fsmond.daemon.launch import launch
    from fsmond.daemon.spawn import fork

    client = Client(path, start=False)
    started, met = launch(client.place, replace=replace, begin=fork)
    if started and met:
        print(f"fsmond: took the place of {named(met)}", file=sys.stderr)
    if not started and met != FSMOND:
        root = os.fsdecode(client.place.root)
        complain(
            f"{named(met or '')} watches {root} already; to take its place: fsmond start --replace"
        )
        return 1
    if not started and chosen:
        print(f"fsmond: it runs already; for {chosen}, stop it first", file=sys.stderr)
    if sys.stderr and sys.stderr.isatty():  # there is none below pythonw.exe
        from fsmond.cli.progress import wait_until_ready

        wait_until_ready(client)
    return 0
