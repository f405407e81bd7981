"""What people's commands do; each returns its exit status."""

import argparse
import json
import os

from fsmond.cli import start as starting
from fsmond.cli.output import write, write_line
from fsmond.cli.progress import shown
from fsmond.cli.telling import described, number
from fsmond.client import Client
from fsmond.daemon.attempts import Attempt
from fsmond.errors import NotRunningError, OtherDaemonError, OtherTreeError
from fsmond.git.quoting import quote, quotes_high_bytes
from fsmond.printable import printable
from fsmond.protocol import bytes_of
from fsmond.rendezvous import place_of


def start(options: argparse.Namespace) -> int:
    """Start the daemon, unless it runs already."""
    return starting.start(options.path, chosen=_choose(options), replace=options.replace)


def run(options: argparse.Namespace) -> int:
    """Be the daemon."""
    from fsmond.daemon import process

    _choose(options)
    return process.run(place_of(options.path), replace=options.replace)


def stop(options: argparse.Namespace) -> int:
    """Have the daemon quit, and wait until nobody answers and its process is gone."""
    from fsmond.cli.stopping import stop

    return stop(Client(options.path, start=False))


def status(options: argparse.Namespace) -> int:
    """Show what the daemon tells about itself."""
    client = Client(options.path, start=False)
    root = os.fsdecode(client.place.root)
    try:
        told = client.status()
    except (NotRunningError, OtherDaemonError, OtherTreeError) as error:
        daemon = getattr(error, "daemon", None)
        is_nobody = isinstance(error, NotRunningError)
        failed = Attempt(client.place).reason() if is_nobody else None
        nobody = {"root": root, "watching": False, "daemon": daemon, "failed_start": failed}
        instead = f": its start failed: {failed}" if failed else "" if is_nobody else f": {error}"
        words = printable(f"fsmond is not watching {root}{instead}")
        write_line(json.dumps(nobody) if options.json else words)
        return 1
    write_line(json.dumps(told) if options.json else described(told))
    return 0


def query(options: argparse.Namespace) -> int:
    """Show what changed; the short way took it for unusual."""
    from fsmond.cli.query import answer

    form = "wire" if options.z else "json" if options.json else "lines"
    return answer(options.path, options.since, form=form, start=not options.no_start)


def verify(options: argparse.Namespace) -> int:
    """Compare the tree with what events told, and name each difference."""
    client = Client(options.path, start=False)
    with shown(client, "comparing", lambda told: number(told, "compared")):
        told = client.verify()
    found = told["differences"]
    assert isinstance(found, list)
    if options.json:
        write_line(json.dumps(told))
    else:
        high = quotes_high_bytes(client.place.root) if found else True
        for each in found:
            path = quote(bytes_of(each["path"]), high=high)
            write(f"{printable(each['kind']):<9}".encode() + path + b"\n")
        count = len(found) + number(told, "omitted")
        write_line(
            f"{told['directories']} directories compared in {told['seconds']} s: "
            f"{count or 'no'} difference{'s' * (count != 1)}"
        )
    return 1 if found else 0


def install(options: argparse.Namespace) -> int:
    """Have Git ask."""
    from fsmond.cli.install import install

    return install(options)


def uninstall(options: argparse.Namespace) -> int:
    """Have Git ask no more."""
    from fsmond.cli.install import uninstall

    return uninstall(options)


def flush(options: argparse.Namespace) -> int:
    """Have all tokens forgotten."""
    Client(options.path, start=False).flush()
    return 0


def hook(options: argparse.Namespace) -> int:
    """Answer Git; its own way is the shorter one."""
    from fsmond.cli import hook

    return hook.run([options.version, options.token])


def _choose(options: argparse.Namespace) -> dict[str, object]:
    """Hand what was chosen to the daemon, whoever starts it; return it by the settings' names."""
    chosen = {name: getattr(options, name) for name in ("watch", "verify_every")}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    for name, value in chosen.items():
        os.environ[f"FSMOND_{name.upper()}"] = str(value)
    return chosen
