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

SETTINGS = ("watch", "verify_every", "history", "idle_timeout")


def run(arguments: list[str]) -> int | None:
    """Start a daemon and return the exit status; None if `argparse` is needed."""
    if len(arguments) > 1 or (arguments and arguments[0][:1] in ("", "-")):
        return None
    try:
        return start(arguments[0] if arguments else ".")
    except (Error, OSError) as error:
        print_error(error)
        return 1


class How:
    """How to start: whether another program's daemon is stopped, and what a person sees."""

    def __init__(
        self, replace: bool = False, timeout: float | None = None, quiet: bool = False
    ) -> None:
        self.replace = replace
        self.timeout = timeout
        """Seconds in which it has to answer; None: those of `launch`."""
        self.quiet = quiet


def start(
    path: str, *, settings: "Mapping[str, object] | None" = None, how: How | None = None
) -> int:
    """Start a daemon, with `settings` that were given on the command line.

    Fails if a daemon is running with other settings.
    """
    from fsmond.daemon.main import start_process
    from fsmond.process.launch import LAUNCH_TIMEOUT, launch

    how = how or How()
    client = Client(path, start=False)
    timeout = LAUNCH_TIMEOUT if how.timeout is None else how.timeout
    started, owner = launch(
        client.place, replace=how.replace, timeout=timeout, start_process=start_process
    )
    if started and owner and not how.quiet:
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
    if not how.quiet and sys.stderr and sys.stderr.isatty():  # pythonw.exe has no standard error
        from fsmond.screen.progress import wait_until_ready

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
