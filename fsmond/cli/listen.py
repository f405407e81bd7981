"""`fsmond wait` and `subscribe`, and `query` with kinds, filters or a cursor."""

import argparse
import json
import os
import select
import sys
import threading
from typing import TYPE_CHECKING

from fsmond.cli.output import print_error, write
from fsmond.cli.query import NOT_RUNNING, refuse
from fsmond.client import Client
from fsmond.errors import DaemonEndedError, NotRunningError
from fsmond.git.quoting import quote, quotes_high_bytes
from fsmond.protocol import EVERYTHING, Answer, is_token
from fsmond.results import KIND_LETTERS

if TYPE_CHECKING:
    from fsmond.listening import Filters

TIME_IS_UP, ENDED = 4, 1  # exit statuses


def query(options: argparse.Namespace) -> int:
    """Print what changed; the cursor, if there is one, moves when that is written."""
    if not _has_token(options):
        return 1
    client = Client(options.path, start=not options.no_start)
    try:
        answer = client.query(options.since, **filters(options))
    except NotRunningError as error:
        print_error(error)
        return NOT_RUNNING
    _print(client, answer, options)
    return 0


def wait(options: argparse.Namespace) -> int:
    """Print what changed as soon as anything did."""
    if not _has_token(options):
        return 1
    client = Client(options.path, start=not options.no_start)
    try:
        answer = client.wait(
            options.since,
            timeout=options.timeout,
            settle=options.settle,
            max_wait=options.max_wait,
            **filters(options),
        )
    except NotRunningError as error:
        print_error(error)
        return NOT_RUNNING
    _print(client, answer, options)
    return TIME_IS_UP if answer.is_empty else 0


def subscribe(options: argparse.Namespace) -> int:
    """Print an answer for each batch of changes, until the daemon ends."""
    if not _has_token(options):
        return 1
    client = Client(options.path, start=not options.no_start)
    exit_with_reader()
    batches = client.subscribe(
        options.since, settle=options.settle, max_wait=options.max_wait, **filters(options)
    )
    try:
        for answer in batches:
            write(formatted(client, answer, options) + _separator(options))
            if options.cursor is not None:
                client.move_cursor(options.cursor, answer.token)
    except NotRunningError as error:
        print_error(error)
        return NOT_RUNNING
    except DaemonEndedError as error:
        if options.json:
            write(json.dumps({"end": error.reason}).encode() + b"\n")
        print_error(error)
    return ENDED


def filters(options: argparse.Namespace) -> "Filters":
    """Return the options that say which changes are wanted."""
    return {
        "cursor": options.cursor,
        "kinds": options.kinds,
        "include": options.include,
        "exclude": options.exclude,
        "gitignore": options.gitignore,
        "move": False,
    }


def formatted(client: Client, answer: Answer, options: argparse.Namespace) -> bytes:
    """Return an answer as it is printed."""
    if options.json:
        return json.dumps(as_object(answer, kinds=options.kinds)).encode() + b"\n"
    fields: list[bytes] = []
    if answer.paths is None:
        fields = [EVERYTHING]
    elif answer.changes is None:
        fields = list(answer.paths)
    if options.z:
        for each in answer.changes or ():
            fields += [KIND_LETTERS[each.kind], each.path]
        return b"".join(field + b"\0" for field in (answer.token.encode(), *fields))
    high = quotes_high_bytes(client.place.root)
    lines = [answer.token.encode(), *(quote(path, high=high) for path in fields)]
    lines += [
        KIND_LETTERS[each.kind] + b"\t" + quote(each.path, high=high)
        for each in answer.changes or ()
    ]
    return b"".join(line + b"\n" for line in lines)


def as_object(answer: Answer, *, kinds: bool) -> dict[str, object]:
    """Return an answer as a JSON object; one of everything with kinds has no `paths` either."""
    found = answer.to_object()
    if kinds and "paths" in found:
        del found["paths"]
        found["changes"] = []
    return found


def _print(client: Client, answer: Answer, options: argparse.Namespace) -> None:
    write(formatted(client, answer, options))
    if answer.reason not in (None, "no-token"):
        print_error(f"everything may have changed: {answer.reason}")
    if options.cursor is not None:
        client.move_cursor(options.cursor, answer.token)


def _has_token(options: argparse.Namespace) -> bool:
    """Return whether what should be a token is one; print an error if not."""
    if options.since is None or is_token(options.since):
        return True
    refuse(options.since)
    return False


def _separator(options: argparse.Namespace) -> bytes:
    if options.json:
        return b""
    return b"\0" if options.z else b"\n"


def exit_with_reader() -> None:
    """Exit when nobody can read what is printed any longer: the next batch may be far away.

    Starts a thread that ends with the process.
    """
    if sys.platform == "win32":
        return

    def watch() -> None:
        poller = select.poll()
        poller.register(1, 0)  # errors only
        poller.poll()
        os._exit(1)

    threading.Thread(target=watch, name="fsmond-reader", daemon=True).start()
