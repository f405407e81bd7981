"""Run the commands; each function returns an exit status."""

import argparse
import json
import os
import sys

from fsmond.cli import start as start_command
from fsmond.cli.output import print_error, write, write_line
from fsmond.client import Client
from fsmond.errors import NotRunningError, OtherDaemonError, OtherTreeError
from fsmond.git.quoting import quote, quotes_high_bytes
from fsmond.printable import printable
from fsmond.process.attempts import StartAttempt
from fsmond.rendezvous import place_of
from fsmond.screen.progress import progress_bar
from fsmond.screen.status_text import format_status, number

SHELLS = ("bash", "zsh", "fish", "powershell")
_MORE_THAN_GIT = ("cursor", "kinds", "include", "exclude", "gitignore")  # options of `query`


def start(options: argparse.Namespace) -> int:
    """Start the daemon unless it is running."""
    settings = _export_settings(options)
    how = start_command.How(options.replace, options.timeout, options.quiet)
    status = start_command.start(options.path, settings=settings, how=how)
    if options.verbose and not status:
        client = Client(options.path, start=False)
        root, pid = os.fsdecode(client.place.root), client.status().pid
        write_line(printable(f"process {pid} is watching {root}"))
    return status


def run(options: argparse.Namespace) -> int:
    """Run the daemon in this process."""
    from fsmond.daemon import lifecycle

    _export_settings(options)
    return lifecycle.run(place_of(options.path), replace=options.replace)


def stop(options: argparse.Namespace) -> int:
    """Stop the daemon, and wait until nothing answers and its process has exited."""
    from fsmond.cli import daemons
    from fsmond.manage.stopping import stop

    if options.everywhere:
        return daemons.stop_all(options)
    client = Client(options.path, start=False)
    status = stop(client, print_error, options.timeout)
    if options.verbose and not status:
        write_line(printable(f"no daemon is watching {os.fsdecode(client.place.root)}"))
    return status


def restart(options: argparse.Namespace) -> int:
    """Stop the daemon, and start one."""
    from fsmond.cli import daemons

    return daemons.restart(options)


def list_all(options: argparse.Namespace) -> int:
    """Show all daemons of this user."""
    from fsmond.cli import daemons

    return daemons.list_all(options)


def watchman(options: argparse.Namespace) -> int:
    """Serve Watchman's clients."""
    try:
        from fsmond.cli.watchman import watchman
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "wcmatch":
            raise
        print_error("this needs another package: pip install 'fsmond[watchman]'")
        return 1
    return watchman(options)


def top(options: argparse.Namespace) -> int:
    """Show all daemons and what changes, live."""
    from fsmond.screen.tables import console_for
    from fsmond.screen.top import show_top

    roots = {place_of(path).root for path in options.paths}
    show_top(console_for(options.color), roots, once=options.once)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Check all that could be wrong."""
    from fsmond.cli.doctor import doctor

    return doctor(options)


def log(options: argparse.Namespace) -> int:
    """Print the log."""
    from fsmond.cli import daemons

    return daemons.log(options)


def status(options: argparse.Namespace) -> int:
    """Show the daemon's status."""
    client = Client(options.path, start=False, timeout=options.timeout)
    root = os.fsdecode(client.place.root)
    try:
        status = client.status()
    except (NotRunningError, OtherDaemonError, OtherTreeError) as error:
        daemon = getattr(error, "daemon", None)
        none_runs = isinstance(error, NotRunningError)
        failed = StartAttempt(client.place).reason() if none_runs else None
        answer = {"root": root, "watching": False, "daemon": daemon, "failed_start": failed}
        why = f": the last start failed: {failed}" if failed else "" if none_runs else f": {error}"
        text = printable(f"fsmond is not watching {root}{why}")
        write_line(json.dumps(answer) if options.json else text)
        return 1
    if options.json:
        write_line(json.dumps(dict(status)))
    elif options.color == "always" or (sys.stdout and sys.stdout.isatty()):
        from fsmond.screen.tables import show_status  # slow to import, and for people alone

        show_status(format_status(status), color=options.color)
    else:
        write_line(format_status(status))
    return 0


def query(options: argparse.Namespace) -> int:
    """Show what changed, for a command line that `fsmond.cli.query` does not parse itself."""
    from fsmond.cli import listen
    from fsmond.cli.query import answer

    if any(getattr(options, name) for name in _MORE_THAN_GIT):
        return listen.query(options)
    form = "wire" if options.z else "json" if options.json else "lines"
    return answer(options.path, options.since, form=form, start=not options.no_start)


def wait(options: argparse.Namespace) -> int:
    """Wait until something changes, and show what."""
    from fsmond.cli import listen

    return listen.wait(options)


def subscribe(options: argparse.Namespace) -> int:
    """Show each batch of changes."""
    from fsmond.cli import listen

    return listen.subscribe(options)


def execute(options: argparse.Namespace) -> int:
    """Run a command after each batch of changes."""
    from fsmond.execute.loop import execute

    return execute(options, print_error)


def mcp(options: argparse.Namespace) -> int:
    """Serve coding agents, by the Model Context Protocol on standard input and output."""
    try:
        from fsmond.mcp.server import run
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        print_error("this needs another package: pip install 'fsmond[mcp]'")
        return 1
    return run(options.path)


def cursor(options: argparse.Namespace) -> int:
    """List cursors, or delete one."""
    operands: list[str] = options.operands
    name = None if options.action == "list" else "".join(operands[:1])
    path = operands[0 if name is None else 1 :]
    if name == "" or len(path) > 1:
        print_error("usage: fsmond cursor list [PATH], or fsmond cursor delete NAME [PATH]")
        return 2
    client = Client(*path)
    if name is None:
        found = client.cursors()
        if options.json:
            write_line(json.dumps(found))
        else:
            for name, token in found.items():
                write_line(f"{name}\t{token}")
        return 0
    if not client.delete_cursor(name):
        print_error(f"there is no cursor {name!a}; to see all: fsmond cursor list")
        return 1
    return 0


def completion(options: argparse.Namespace) -> int:
    """Print a shell's completion."""
    from fsmond.cli.completion import completion

    write_line(completion(options.parser, options.directories, options.shell))
    return 0


def verify(options: argparse.Namespace) -> int:
    """Compare the tree with the daemon's index, and print each difference."""
    client = Client(options.path, start=False)
    with progress_bar(client, "comparing", lambda status: number(status, "compared")):
        result = client.verify(options.timeout)
    found = result.differences
    if options.json:
        write_line(json.dumps(dict(result)))
    else:
        high = quotes_high_bytes(client.place.root) if found else True
        for each in found:
            path = quote(each.path, high=high)
            write(f"{printable(each.kind):<9}".encode() + path + b"\n")
        count = len(found) + result.omitted
        write_line(
            f"{result.directories} directories compared in {result.seconds} s: "
            f"{count or 'no'} difference{'s' * (count != 1)}"
        )
    return 1 if found else 0


def install(options: argparse.Namespace) -> int:
    """Configure Git to query fsmond."""
    from fsmond.cli.install import install

    return install(options)


def uninstall(options: argparse.Namespace) -> int:
    """Restore Git's configuration."""
    from fsmond.cli.install import uninstall

    return uninstall(options)


def service(options: argparse.Namespace) -> int:
    """Have daemons from each login on."""
    from fsmond.cli.service import service

    return service(options)


def flush(options: argparse.Namespace) -> int:
    """Invalidate all tokens."""
    Client(options.path, start=False).flush()
    return 0


def hook(options: argparse.Namespace) -> int:
    """Answer Git, for a command line that the entry point does not run itself."""
    from fsmond.cli import hook

    status = hook.run([options.version, options.token])
    assert status is not None  # the parser has checked the arguments
    return status


def _export_settings(options: argparse.Namespace) -> dict[str, object]:
    """Pass the settings to the daemon through the environment; return them by name."""
    settings = {name: getattr(options, name) for name in start_command.SETTINGS}
    settings = {name: value for name, value in settings.items() if value is not None}
    for name, value in settings.items():
        os.environ[f"FSMOND_{name.upper()}"] = str(value)
    return settings
