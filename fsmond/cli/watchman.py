"""`fsmond watchman`: the server for Watchman's clients."""

import argparse

from fsmond.cli.output import print_error, write_line
from fsmond.errors import Error
from fsmond.printable import printable
from fsmond.watchman.errors import CommandError
from fsmond.watchman.launch import ask, launch, shut_down
from fsmond.watchman.places import default_places, make_program, shell_lines
from fsmond.watchman.program import main as be_watchman


def watchman(options: argparse.Namespace) -> int:
    """Run, start, stop or show the server, or print how clients find it."""
    socket = default_places().socket
    try:
        match options.action:
            case "run":
                return be_watchman(["--foreground", f"--sockname={socket}"])
            case "start":
                launch(socket)
                return 0
            case "stop":
                shut_down(socket)
                return 0
            case "env":
                return _print_environment(socket)
        return _print_status(socket)
    except CommandError as error:
        raise Error(str(error)) from error


def _print_status(socket: str) -> int:
    answer = ask(socket, "watch-list")
    if answer is None:
        print_error("no server for Watchman's clients runs; to start one: fsmond watchman start")
        return 1
    write_line(f"a server for Watchman's clients listens at {socket}")
    write_line(f"its log: {default_places().log}")
    roots = answer.get("roots")
    for root in roots if isinstance(roots, list) else []:
        write_line(f"watched: {printable(str(root))}")
    return 0


def _print_environment(socket: str) -> int:
    """Print what a shell evaluates."""
    for line in shell_lines(socket, make_program()):
        write_line(line)
    return 0
