"""`fsmond start`: who types it waits, so the usual form loads no argument parser."""

import sys

from fsmond.client import Client
from fsmond.errors import Error


def run(arguments: list[str]) -> int:
    """Start a daemon, and return the exit status."""
    if len(arguments) > 1 or (arguments and arguments[0][:1] in ("", "-")):
        from fsmond.cli.main import run as explain  # knows all about options, usage and help

        return explain(["start", *arguments])
    try:
        return start(arguments[0] if arguments else ".", chosen="")
    except (Error, OSError) as error:
        print(f"fsmond: {error}", file=sys.stderr)
        return 1


def start(path: str, *, chosen: str) -> int:
    """Start a daemon; `chosen` is what it should be like, and comes too late if one runs."""
    from fsmond.daemon.launch import launch

    client = Client(path, start=False)
    if not launch(client.place) and chosen:
        print(f"fsmond: it runs already; for {chosen}, stop it first", file=sys.stderr)
    if sys.stderr.isatty():
        from fsmond.cli.progress import wait_until_ready

        wait_until_ready(client)
    return 0
