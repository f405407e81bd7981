"""What people's commands do; each returns its exit status."""

import argparse
import json
import os
from collections import defaultdict
from typing import Any

from fsmond.cli import start as starting
from fsmond.cli.output import write, write_line
from fsmond.cli.progress import shown
from fsmond.client import Client
from fsmond.daemon.attempts import Attempt
from fsmond.errors import NotRunningError, OtherDaemonError
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
    except (NotRunningError, OtherDaemonError) as error:
        daemon = getattr(error, "daemon", None)
        failed = None if daemon else Attempt(client.place).reason()
        nobody = {"root": root, "watching": False, "daemon": daemon, "failed_start": failed}
        instead = f": {error}" if daemon else f": its start failed: {failed}" if failed else ""
        words = printable(f"fsmond is not watching {root}{instead}")
        write_line(json.dumps(nobody) if options.json else words)
        return 1
    write_line(json.dumps(told) if options.json else _described(told))
    return 0


def query(options: argparse.Namespace) -> int:
    """Show what changed; the short way took it for unusual."""
    from fsmond.cli.query import answer

    form = "wire" if options.z else "json" if options.json else "lines"
    return answer(options.path, options.since, form=form, start=not options.no_start)


def verify(options: argparse.Namespace) -> int:
    """Compare the tree with what events told, and name each difference."""
    client = Client(options.path, start=False)
    with shown(client, "comparing", lambda told: int(str(told.get("compared", 0)))):
        told = client.verify()
    found = told["differences"]
    assert isinstance(found, list)
    if options.json:
        write_line(json.dumps(told))
    else:
        high = quotes_high_bytes(client.place.root) if found else True
        for each in found:
            path = quote(bytes_of(each["path"]), high=high)
            write(f"{each['kind']:<9}".encode() + path + b"\n")
        write_line(
            f"{told['directories']} directories compared in {told['seconds']} s: "
            f"{len(found) or 'no'} difference{'s' * (len(found) != 1)}"
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


def _choose(options: argparse.Namespace) -> str:
    """Hand what was chosen to the daemon, whoever starts it; return it as it was typed."""
    chosen = []
    for name, option in (("watch", "--watch"), ("verify_every", "--verify-every")):
        value = getattr(options, name)
        if value is not None:
            os.environ[f"FSMOND_{name.upper()}"] = str(value)
            chosen.append(f"{option}={value}")
    return " ".join(chosen)


def _described(answer: dict[str, Any]) -> str:
    told = defaultdict(lambda: "?", answer)  # it may be of another version than we are
    coverage, resyncs = defaultdict(int, answer.get("coverage", {})), answer.get("resyncs", [])
    lines = [
        f"fsmond {told['version']} is watching {told['root']}",
        f"process      {told['pid']}, for {float(answer.get('uptime_seconds', 0)):.0f} s",
        f"directories  {told['directories']}: {coverage['events']} by events, "
        f"{coverage['scan']} by looking at them for each query",
        *([f"             {answer['advice']}"] if answer.get("advice") else []),
        f"index        {told['state']}",
        f"events       {told['events']}",
        f"queries      {told['queries']}{_unanswered(answer.get('everything', {}))}",
        f"resyncs      {told['resynced']}",
        *(f"             {each['reason']}: {each['detail']}" for each in resyncs[-3:]),
        f"socket       {told['socket']}",
        f"log          {told['log'] or 'no file'}",
        f"last error   {told['last_error'] or 'none'}",
    ]
    return "\n".join(map(printable, lines))


def _unanswered(everything: dict[str, int]) -> str:
    named = ", ".join(f"{reason} {count}" for reason, count in everything.items())
    return f", {sum(everything.values())} answered with everything: {named}" if named else ""
