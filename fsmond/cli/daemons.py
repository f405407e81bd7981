"""`fsmond list`, `stop --all`, `restart` and `log`."""

import argparse
import json
import os

from fsmond.cli.listen import exit_with_reader
from fsmond.cli.output import print_error, write, write_line
from fsmond.client import Client
from fsmond.errors import Error, NotRunningError
from fsmond.manage.stopping import stop
from fsmond.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.manage.daemons import Daemon


def list_all(options: argparse.Namespace) -> int:
    """Show this user's daemons."""
    from fsmond.manage.daemons import running

    found = running()
    if options.json:
        write_line(json.dumps([each.to_object() for each in found]))
        return 0
    from fsmond.screen.tables import daemon_table, show

    if not found:
        print_error("no daemon of yours is running; to start one: fsmond start")
        return 0
    show(daemon_table(found), write_line, color=options.color)
    for each in found:
        if each.problem is not None:
            print_error(each.problem)
    return 0


def stop_all(options: argparse.Namespace) -> int:
    """Stop all of this user's daemons; one that does not answer is killed."""
    from fsmond.manage.daemons import for_each, running

    def stop_one(daemon: "Daemon") -> int:
        try:
            return stop(Client(daemon.place, start=False), print_error, options.timeout)
        except (Error, OSError) as error:  # the others are stopped all the same
            print_error(error)
            return 1

    found = running()
    statuses = for_each(found, stop_one)
    if options.verbose:
        for daemon, status in zip(found, statuses, strict=True):
            if not status:
                write_line(printable(f"process {daemon.pid} watched {_root(daemon)}"))
    if not options.quiet:
        count = statuses.count(0)
        write_line(f"{count or 'no'} daemon{'s' * (count != 1)} stopped")
    return max(statuses, default=0)


def restart(options: argparse.Namespace) -> int:
    """Stop the daemon, and start one with the same settings."""
    from fsmond.cli import start as start_command

    client = Client(options.path, start=False)
    try:
        settings = client.status().get("settings")
    except (NotRunningError, TimeoutError):  # or it hangs
        settings = None
    status = stop(client, print_error)
    if status:
        return status
    kept = settings if isinstance(settings, dict) else {}
    for name in start_command.SETTINGS:
        if name in kept:
            os.environ[f"FSMOND_{name.upper()}"] = str(kept[name])
    return start_command.start(options.path)


def log(options: argparse.Namespace) -> int:
    """Print the log of a tree's daemons."""
    from fsmond.manage.log_lines import follow, last_lines

    client = Client(options.path, start=False)
    path = _log_of(client)
    if path is None:
        return 1
    lines, position = last_lines(path, options.lines)
    write(lines)
    if options.follow:
        exit_with_reader()
        follow(path, position, write)
    return 0


def _log_of(client: Client) -> str | None:
    """Return the path of the log of a tree's daemon; None, with an error, if there is none."""
    root = printable(client.place.root)
    try:
        named = client.status().get("log")
        if named is None:
            print_error(f"the daemon of {root} has no log file: it logs to standard error")
            return None
        return str(named)
    except (Error, TimeoutError):  # none runs, or it does not answer, or it is another program
        from fsmond.daemon.log.logs import existing_log  # of a daemon that has ended

        path = existing_log(client.place.root)
        if path is None:
            print_error(f"there is no log for {root}: no daemon of yours has watched it lately")
        return path


def _root(daemon: "Daemon") -> str:
    return os.fsdecode(daemon.place.root)
