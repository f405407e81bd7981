"""`fsmond hook`: answer as Git's fsmonitor hook.  Git waits: not even `os` is imported in vain."""

import sys

from fsmond.protocol import request_for
from ipc.client import send_command
from ipc.errors import Error, InvalidPathError, NoServerError

_USUAL_SOCKET = b".git/fsmonitor--daemon.ipc"
"""Where it is in the directory that Git calls us in, unless `.git` is a file."""
_TIMEOUT = 3.0  # seconds; a daemon that is not stopped takes one at most
# With a token that no daemon knows, so that the next answer is "everything" as well.
_EVERYTHING = b"fsmond:starting:0\0/\0"


def run(arguments: list[str]) -> int:
    """Print what changed since a token; 1, and Git looks at everything, if that can't be told."""
    match arguments:
        case ["1" | "2" as version, token]:
            pass
        case _:
            from fsmond.cli.main import run as explain  # knows all about usage and help

            return explain(["hook", *arguments])
    try:
        reply = _ask(request_for(token))
    except (Error, OSError, ImportError) as error:  # there may be no platformdirs here
        print(f"fsmond: {error}", file=sys.stderr)
        return 1
    end_of_token = reply.find(b"\0") + 1
    if not end_of_token:
        # Git would take it for "nothing changed".
        print("fsmond: no token in the answer", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(reply if version == "2" else reply[end_of_token:])
    sys.stdout.buffer.flush()
    return 0


def _ask(token: bytes) -> bytes:
    try:
        return send_command(_USUAL_SOCKET, token, timeout=_TIMEOUT)
    except (NoServerError, InvalidPathError):
        return _ask_elsewhere(token)


def _ask_elsewhere(token: bytes) -> bytes:
    from fsmond.rendezvous import place_of

    place = place_of(b".")
    try:
        return send_command(place.socket, token, timeout=_TIMEOUT)
    except NoServerError:
        from fsmond.daemon.spawn import spawn

        spawn(place).leave()
        return _EVERYTHING
