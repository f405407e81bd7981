"""`fsmond start`: people wait for it, so its usual form loads no argument parser."""

import os
import sys

from fsmond.cli.output import print_error
from fsmond.client import Client
from fsmond.errors import Error
from fsmond.printable import printable
from fsmond.protocol import FSMOND, OTHER_TREE, daemon_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = ("watch", "verify_every", "history")


def run(arguments: list[str]) -> int | None:
    """Start a daemon and return the exit status; None if `argparse` is needed."""
    if len(arguments) > 1 or (arguments and arguments[0][:1] in ("", "-")):
        return None
    try:
        return start(arguments[0] if arguments else ".")
    except (Error, OSError) as error:
        print_error(error)
        return 1


def start(
    path: str, *, settings: "Mapping[str, object] | None" = None, replace: bool = False
) -> int:
    """Start a daemon, with `settings` that were given on the command line.

    Fails if a daemon is running with other settings.  `replace`: stop a daemon that is not fsmond.
    """
    from fsmond.daemon.main import start_process
    from fsmond.process.launch import launch

    client = Client(path, start=False)
    started, owner = launch(client.place, replace=replace, start_process=start_process)
    if started and owner:
        print(f"fsmond: replaced {daemon_name(owner)}", file=sys.stderr)
    if not started and owner != FSMOND:
        root = os.fsdecode(client.place.root)
        what = f"{daemon_name(owner or '')} is already watching {root}"
        if owner == OTHER_TREE:
            what = f"{root} is not watched: the daemon of its git directory watches another tree"
        print_error(f"{what}; to replace it: fsmond start --replace")
        return 1
    if not started and not _has_settings(client, settings or _from_environment()) and settings:
        return 1
    if sys.stderr and sys.stderr.isatty():  # pythonw.exe has no standard error
        from fsmond.cli.progress import wait_until_ready

        wait_until_ready(client)
    return 0


def _has_settings(client: Client, settings: "Mapping[str, object]") -> bool:
    """Return whether the running daemon has these settings; print what to do if not."""
    if not settings:
        return True
    reported = client.status().get("settings")
    current = reported if isinstance(reported, dict) else {}
    other = [name for name, value in settings.items() if str(current.get(name)) != str(value)]
    if not other:
        return True
    wanted = " ".join(_option(name, settings[name]) for name in other)
    running = " ".join(_option(name, current.get(name, "?")) for name in other)
    root = printable(client.place.root)
    print(
        f"fsmond: {root} is already watched with {running}; to change that: fsmond stop, then "
        f"fsmond start {wanted}",
        file=sys.stderr,
    )
    return False


def _from_environment() -> dict[str, object]:
    """Return the settings that environment variables give; raise StartError if one is invalid."""
    names = {name: os.environ.get(f"FSMOND_{name.upper()}") for name in SETTINGS}
    given: dict[str, object] = {name: value for name, value in names.items() if value}
    if given:
        from fsmond.daemon.settings import Settings  # slow to import

        Settings.of()
    return given


def _option(name: str, value: object) -> str:
    """Return the command-line option for a setting."""
    if name == "history":
        return "--no-history" if value == "off" else "FSMOND_HISTORY=on"
    return f"--{name.replace('_', '-')}={value}"
