"""Run the commands; each function returns an exit status."""

import argparse
import json
import os

from fsmond.cli import start as start_command
from fsmond.cli.output import write, write_line
from fsmond.cli.progress import progress_bar
from fsmond.cli.status_text import format_status, number
from fsmond.client import Client
from fsmond.errors import NotRunningError, OtherDaemonError, OtherTreeError
from fsmond.git.quoting import quote, quotes_high_bytes
from fsmond.printable import printable
from fsmond.process.attempts import StartAttempt
from fsmond.protocol import bytes_of
from fsmond.rendezvous import place_of


def start(options: argparse.Namespace) -> int:
    """Start the daemon unless it is running."""
    settings = _export_settings(options)
    return start_command.start(options.path, settings=settings, replace=options.replace)


def run(options: argparse.Namespace) -> int:
    """Run the daemon in this process."""
    from fsmond.daemon import lifecycle

    _export_settings(options)
    return lifecycle.run(place_of(options.path), replace=options.replace)


def stop(options: argparse.Namespace) -> int:
    """Stop the daemon, and wait until nothing answers and its process has exited."""
    from fsmond.cli.stop import stop

    return stop(Client(options.path, start=False))


def status(options: argparse.Namespace) -> int:
    """Show the daemon's status."""
    client = Client(options.path, start=False)
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
    write_line(json.dumps(status) if options.json else format_status(status))
    return 0


def query(options: argparse.Namespace) -> int:
    """Show what changed, for a command line that `fsmond.cli.query` does not parse itself."""
    from fsmond.cli.query import answer

    form = "wire" if options.z else "json" if options.json else "lines"
    return answer(options.path, options.since, form=form, start=not options.no_start)


def verify(options: argparse.Namespace) -> int:
    """Compare the tree with the daemon's index, and print each difference."""
    client = Client(options.path, start=False)
    with progress_bar(client, "comparing", lambda status: number(status, "compared")):
        result = client.verify()
    found = result["differences"]
    assert isinstance(found, list)
    if options.json:
        write_line(json.dumps(result))
    else:
        high = quotes_high_bytes(client.place.root) if found else True
        for each in found:
            path = quote(bytes_of(each["path"]), high=high)
            write(f"{printable(each['kind']):<9}".encode() + path + b"\n")
        count = len(found) + number(result, "omitted")
        write_line(
            f"{result['directories']} directories compared in {result['seconds']} s: "
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
