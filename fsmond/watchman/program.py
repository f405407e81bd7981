"""The command `watchman`, as clients call it: to find the server, and to send it one command.

After https://facebook.github.io/watchman/docs/cli-options.  Options about a server's files are
accepted; of those, only the socket matters.
"""

import argparse
import contextlib
import gc
import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from fsmond.watchman.errors import CommandError
from fsmond.watchman.launch import launch
from fsmond.watchman.places import default_places, named_socket
from fsmond.watchman.serving.capabilities import VERSION
from fsmond.watchman.serving.listening import as_file, connect
from fsmond.watchman.wire import bser
from fsmond.watchman.wire.framing import JSON, Encoding, Requests, encode
from fsmond.watchman.wire.values import EncodingError, Value

_CONNECT_TIMEOUT = 5.0  # seconds
_ANSWER_TIMEOUT = 300.0  # seconds; the first look at millions of files takes a minute
_GC_THRESHOLD = 100_000  # objects; what is remembered of files is in no cycles
_ENCODINGS = {"json": JSON, "bser": Encoding(1), "bser-v1": Encoding(1), "bser-v2": Encoding(2)}


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.foreground:
            return _serve(options)
        requests, options.output_encoding = _requests(options)
        if not requests:
            _parser().print_usage(sys.stderr)
            return 1
        return _converse(options, requests)
    except BrokenPipeError:
        raise
    except (CommandError, EncodingError, OSError) as error:
        sys.stderr.write(f"watchman: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("watchman", allow_abbrev=False)
    parser.add_argument("-v", "--version", action="version", version=VERSION)
    flags: tuple[tuple[tuple[str, ...], str], ...] = (
        (("-j", "--json-command"), "read commands as JSON from standard input"),
        (("-p", "--persistent"), "stay, and print what the server sends"),
        (("--no-spawn",), "start no server"),
        (("--no-pretty",), "print JSON in one line"),
        (("--pretty",), "print JSON in several lines"),
        (("-f", "--foreground"), "be the server"),
        (("-n", "--no-save-state"), "as server: do not store which directories are watched"),
        (("--no-local",), "accepted for compatibility"),
        (("--inetd",), "accepted for compatibility"),
        (("--no-site-spawner",), "accepted for compatibility"),
    )
    for names, text in flags:
        parser.add_argument(*names, action="store_true", help=text)
    valued: tuple[tuple[tuple[str, ...], str], ...] = (
        (("-U", "--sockname", "-u", "--unix-listener-path"), "the server's socket"),
        (("-o", "--logfile"), "as server: the file for its log"),
        (("--pidfile",), "accepted for compatibility"),
        (("--statefile",), "as server: where to store which directories are watched"),
        (("--log-level",), "as server: 0, 1 or 2"),
        (("--server-encoding",), "accepted for compatibility"),
        (("--named-pipe-path",), "the server's pipe"),
    )
    for names, text in valued:
        parser.add_argument(*names, help=text)
    parser.add_argument("--output-encoding", choices=[*_ENCODINGS])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _serve(options: argparse.Namespace) -> int:
    from fsmond.watchman.serving.logs import log_to
    from fsmond.watchman.serving.server import Server

    gc.set_threshold(_GC_THRESHOLD)
    log_to(options.logfile)
    state = None if options.no_save_state else options.statefile or default_places().state
    Server(named_socket(options.sockname, options.named_pipe_path), state).run()
    logging.shutdown()
    os._exit(0)  # a thread may wait for a daemon or a command, and would be waited for


def _requests(options: argparse.Namespace) -> tuple[list[Value], str]:
    """Return the commands to send, and how to encode what is printed."""
    how = options.output_encoding
    if not options.json_command:
        return [_with_whole_path(options.command)] if options.command else [], how or "json"
    data = sys.stdin.buffer.read()
    if data.startswith(b"\0"):
        found = list(Requests().feed(data))
        used = f"bser-v{found[0][1].version}" if found else "json"
        return [_with_whole_path(request) for request, _ in found], how or used
    try:
        return [_with_whole_path(json.loads(data))], how or "json"  # it may have several lines
    except ValueError as error:
        raise CommandError(f"failed to parse command from standard input: {error}") from error


def _with_whole_path(command: Value) -> Value:
    """Return a command with the path of its directory, which may be relative to the current one."""
    match command:
        case ["watch" | "watch-project" | "watch-del", str(path), *rest]:
            return [command[0], os.path.abspath(path), *rest]
    return command


def _converse(options: argparse.Namespace, requests: list[Value]) -> int:
    """Send commands, encoded as the output is to be, and print what is answered."""
    how = _ENCODINGS[options.output_encoding]
    output, is_pretty = sys.stdout.buffer, not (options.no_pretty or how.version)
    with _connected(options) as server:
        for request in requests:
            server.write(encode(request, how))
        server.flush()
        left = len(requests)
        while (left or options.persistent) and (answer := _message(server, how)):
            fields = {} if how.version else json.loads(answer)
            left -= "unilateral" not in fields
            output.write(json.dumps(fields, indent=4).encode() + b"\n" if is_pretty else answer)
            output.flush()
    return int(left > 0)  # an error is an answer as well


@contextlib.contextmanager
def _connected(options: argparse.Namespace) -> Iterator[BinaryIO]:
    """Connect to the server, which is started if need be; raise OSError or CommandError."""
    path = named_socket(options.sockname, options.named_pipe_path)
    try:
        channel = connect(path, _CONNECT_TIMEOUT)
    except OSError as error:
        if options.no_spawn:
            raise CommandError(f"unable to talk to your watchman on {path}! ({error})") from error
        launch(path)
        channel = connect(path, _CONNECT_TIMEOUT)
    timeout = None if options.persistent else _ANSWER_TIMEOUT
    with contextlib.closing(channel), as_file(channel, timeout) as file:
        try:
            yield file
        except TimeoutError as error:
            raise CommandError(f"the server at {path} does not answer") from error


def _message(server: BinaryIO, how: Encoding) -> bytes:
    """Read one message; return none at the end."""
    if not how.version:
        return server.readline()
    data = b""
    while (head := bser.read_head(data, limit=None)) is None:
        byte = server.read(1)
        if not byte:
            return b""
        data += byte
    return data + server.read(head.length)
