"""Start the server in the background, and end it."""

import contextlib
import json
import os
import subprocess
import time

from fsmond.isolation import INSTALL_PATH, scrubbed
from fsmond.process.lock import start_lock
from fsmond.process.spawn import interpreter
from fsmond.watchman.errors import CommandError
from fsmond.watchman.places import PROGRAM, default_places
from fsmond.watchman.serving.listening import as_file, connect, is_listening
from fsmond.watchman.wire.framing import JSON, encode

_TIMEOUT = 15.0  # seconds until it answers, or has ended
_POLL = 0.01  # seconds
_CONNECT_TIMEOUT = 5.0  # seconds


def launch(path: str) -> bool:
    """Return when a server listens; whether it was started here.  Raise CommandError or OSError."""
    deadline = time.monotonic() + _TIMEOUT
    with start_lock(os.fsencode(path), deadline):
        if is_listening(path):
            return False
        places = default_places()
        command = [interpreter(), "-I", "-X", "utf8", "-c", PROGRAM, INSTALL_PATH]
        command += ["--foreground", f"--sockname={path}", f"--logfile={places.log}"]
        command += [f"--statefile={places.state}"]
        with open(places.log, "ab") as log:  # for what goes wrong before it has a log
            child = subprocess.Popen(
                command,
                cwd=os.path.abspath(os.sep),
                env=scrubbed(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        while not is_listening(path):
            if child.poll() is not None:
                raise CommandError(f"the server ended at once: see {places.log}")
            if time.monotonic() > deadline:
                child.kill()
                raise CommandError(f"the server does not answer: see {places.log}")
            time.sleep(_POLL)
        child.returncode = 0  # it goes on, and is nobody's child when this process ends
    return True


def ask(path: str, command: str) -> dict[str, object] | None:
    """Return the server's answer to a command without arguments; None if there is no server.

    Raise CommandError if it does not answer.
    """
    try:
        channel = connect(path, _CONNECT_TIMEOUT)
    except OSError:
        return None
    try:
        with contextlib.closing(channel), as_file(channel, _TIMEOUT) as server:
            server.write(encode([command], JSON))
            server.flush()
            found = json.loads(server.readline() or b"{}")
    except (OSError, ValueError) as error:
        raise CommandError(f"the server at {path} does not answer: {error}") from error
    return found if isinstance(found, dict) else {}


def shut_down(path: str) -> bool:
    """Have the server end; return whether there was one.  Raise CommandError if it does not end."""
    if ask(path, "shutdown-server") is None:
        return False
    deadline = time.monotonic() + _TIMEOUT
    while is_listening(path):
        if time.monotonic() > deadline:
            raise CommandError(f"the server at {path} does not end")
        time.sleep(_POLL)
    return True
