"""Send commands from stdin by pywatchman; print answers and events, one JSON value per line."""

import json
import os
import select
import sys
from typing import Any

import pywatchman  # type: ignore[import-not-found]  # installed where this runs


def show(kind: str, value: object) -> None:
    """Print a value, and what it is."""
    sys.stdout.write(f"{kind} {json.dumps(value, default=os.fsdecode)}\n")
    sys.stdout.flush()


def ask(client: Any, command: list[object]) -> None:
    """Send one command and print the answer."""
    try:
        show("answer", client.query(*command))
    except pywatchman.CommandError as error:
        show("answer", {"error": error.msg})


def show_events(client: Any) -> None:
    """Print the events that have been received."""
    for name in list(client.subs):
        for event in client.getSubscription(name) or []:
            show("event", event)


def is_readable(client: Any) -> bool:
    """Wait for the server or for stdin; return whether it is the server."""
    if any(b"\n" in received for received in client.tport.buf or []):
        return True  # in JSON, a line that came with another one
    ready, _, _ = select.select([sys.stdin.buffer, client.tport.sock], [], [])
    return client.tport.sock in ready


def main() -> None:
    """Run until stdin ends."""
    with pywatchman.client(timeout=20) as client:
        while True:
            if is_readable(client):
                client.receive()
            elif line := sys.stdin.buffer.readline():
                ask(client, json.loads(line))
            else:
                return
            show_events(client)


if __name__ == "__main__":
    main()
