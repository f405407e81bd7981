"""Query a server from the command line."""

import argparse
import os
import sys
from collections.abc import Iterator

from ipc.client import ConnectOptions, connect, get_active_state
from ipc.errors import Error, NoServerError

_NO_SERVER = 3
_CHUNK = 65536  # bytes read from standard input at a time

_STATUSES = """\
exit status of state: 0 listening, 1 not listening, 2 invalid path, 3 path not found, 4 other error
exit status of send:  0 answered, 1 failed, 3 no server listens at the path
exit status of both:  64 invalid usage"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")  # not 2, which means an invalid path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "state":
        return _state(options.path)
    return _send(options.path, options.message, options.timeout)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m ipc",
        description="Query a Simple-IPC server.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    state = commands.add_parser("state", help="print the state of the path")
    send = commands.add_parser("send", help="send a message and print the answer")
    for command in (state, send):
        command.add_argument("path", metavar="PATH")
    send.add_argument("message", metavar="MESSAGE", nargs="?", help="default: standard input")
    send.add_argument("--timeout", type=float, help="seconds for the whole exchange")
    return parser


def _state(path: str) -> int:
    state = get_active_state(path)
    sys.stdout.write(f"{state.name}\n")
    return int(state)


def _send(path: str, message: str | None, timeout: float | None) -> int:
    request = _standard_input() if message is None else os.fsencode(message)
    try:
        with connect(path, ConnectOptions(wait_if_busy=True)) as connection:
            for piece in connection.stream_command(request, timeout):
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
    except Error as error:
        sys.stderr.write(f"python -m ipc: {error}\n")
        return _NO_SERVER if isinstance(error, NoServerError) else 1
    return 0


def _standard_input() -> Iterator[bytes]:
    while data := os.read(sys.stdin.fileno(), _CHUNK):
        yield data


if __name__ == "__main__":
    sys.exit(main())
