"""Watchman: a server for each tree, queried over its socket in its own encoding."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bench.peers import bser
from bench.peers.daemons import Daemon
from bench.peers.programs import MeasurementError

NO_SPAWN = ("watchman", "--no-spawn")  # we could not stop a server that its client starts
_TIMEOUT = 60.0  # seconds that it has to start or to end
_NAP = 0.002  # seconds between two attempts to connect
_RECEIVED = 1 << 20  # bytes asked of the kernel at a time
_FIRST = 64  # bytes that hold the length, and a whole answer if it is small


def environment_of(folder: Path) -> dict[str, str]:
    """Return the variables that make Watchman keep its socket and state in a folder of ours.

    Which of them it uses depends on its version; its client takes no option for this.
    """
    folder.mkdir(exist_ok=True)
    configuration = folder / "watchman.json"
    configuration.write_text("{}", encoding="ascii")
    return {
        "TMPDIR": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "USER": "bench",  # part of the name of the directory
        "WATCHMAN_CONFIG_FILE": str(configuration),
    }


def socket_of(environment: Mapping[str, str]) -> Path:
    """Return the socket path of a server with this environment."""
    words = [*NO_SPAWN, "get-sockname"]
    reply = json.loads(subprocess.check_output(words, env=environment, text=True))
    return Path(reply.get("unix_domain") or reply["sockname"])  # newer versions send both


class Watchman(Daemon):
    """A server that watches one tree."""

    name = "Watchman"

    def __init__(self, root: Path, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(root, {**environment, **environment_of(folder)})
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and return when it confirms that it watches the tree."""
        self.address = str(socket_of(self.environment))
        if not self.address.startswith(self.environment["TMPDIR"]):
            raise MeasurementError(
                f"Watchman insists on {self.address}, where it may serve other users"
            )
        nowhere = subprocess.DEVNULL
        self._server = subprocess.Popen(
            ["watchman", "--foreground", "--no-save-state"],
            env=self.environment,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,  # Ctrl-C must reach only the benchmark
        )
        self._await_socket(self._server)
        self._checked(self._exchange(bser.encode(["watch", os.fsencode(self.root)])))

    def stop(self) -> None:
        """Stop it, and return when its process is gone.  Harmless when repeated."""
        if self._server is None:
            return
        with suppress(OSError, ValueError):  # it does not serve yet, or has ended already
            self._exchange(bser.encode(["shutdown-server"]))
        try:
            self._server.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def find_pid(self) -> None:
        """Take it from the process, which stays in the foreground."""
        self.pid = self._server.pid if self._server else 0

    def request(self) -> bytes:
        """Return the request for the changes since the last `query`, with names only."""
        since = self.token if self.token.startswith(b"c:") else b"c:0:0"
        wanted: dict[str, bser.Value] = {
            "since": since,
            "fields": ["name"],
            "empty_on_fresh_instance": True,
        }
        return bser.encode(["query", os.fsencode(self.root), wanted])

    def ask(self) -> bytes:
        """Ask as its own clients do: it waits for a cookie file before it answers."""
        return self._exchange(self.request())

    def parse(self, answer: bytes) -> list[bytes]:
        """Return the paths of an answer, and keep its clock for the next request."""
        reply = self._checked(answer)
        clock, names = reply.get("clock"), reply.get("files")
        if not isinstance(clock, bytes) or not isinstance(names, list):
            raise MeasurementError(f"Watchman gave no answer: {reply!r}"[:300])
        self.token = clock
        if reply.get("is_fresh_instance"):
            return [b"/"]
        return [name for name in names if isinstance(name, bytes)]

    def _exchange(self, request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.address)
            stream.sendall(request)
            data = bytearray(stream.recv(_RECEIVED))
            while len(data) < _FIRST and not _is_whole(data):
                data += _more(stream)
            wanted = bser.length(data)
            while len(data) < wanted:
                data += _more(stream)
        return bytes(data)

    def _checked(self, answer: bytes) -> dict[str, bser.Value]:
        reply = bser.decode(answer)
        if "error" in reply:
            raise MeasurementError(f"Watchman: {reply['error']!r}")
        return reply

    def _await_socket(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while True:
            with socket.socket(socket.AF_UNIX) as stream, suppress(OSError):
                stream.connect(self.address)
                return
            if server.poll() is not None or time.monotonic() > deadline:
                raise MeasurementError(f"Watchman does not serve {self.address}")
            time.sleep(_NAP)


def _more(stream: socket.socket) -> bytes:
    data = stream.recv(_RECEIVED)
    if not data:
        raise MeasurementError("Watchman closed the connection")
    return data


def _is_whole(data: bytearray) -> bool:
    try:
        return len(data) >= bser.length(data)
    except bser.TruncatedError:
        return False
