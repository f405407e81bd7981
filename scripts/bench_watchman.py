"""Watchman, a server for each tree of ours, asked over its socket in its own encoding."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import bench_bser as bser
from bench_daemons import Daemon, MeasurementError

ALONE = ("watchman", "--no-spawn")  # a second server would be nobody's to stop
_PATIENCE = 60.0  # seconds for it to come, or to go
_NAP = 0.002  # seconds between two looks whether it did
_RECEIVED = 1 << 20  # bytes asked of the kernel at a time
_FIRST = 64  # bytes that hold the length, and with it a small answer


def environment_of(place: Path) -> dict[str, str]:
    """Return what makes Watchman keep its socket and its state there, and not where a user does.

    Which of them it heeds depends on the version; its client has no other way to be told.
    """
    place.mkdir(exist_ok=True)
    configuration = place / "watchman.json"
    configuration.write_text("{}", encoding="ascii")
    return {
        "TMPDIR": str(place),
        "XDG_STATE_HOME": str(place / "state"),
        "USER": "bench",  # part of the name of the directory
        "WATCHMAN_CONFIG_FILE": str(configuration),
    }


def socket_of(environment: Mapping[str, str]) -> Path:
    """Return where a server with this environment would be met."""
    words = [*ALONE, "get-sockname"]
    told = json.loads(subprocess.check_output(words, env=environment, text=True))
    return Path(told.get("unix_domain") or told["sockname"])  # newer ones tell both


class Watchman(Daemon):
    """A server that watches one tree."""

    name = "Watchman"

    def __init__(self, root: Path, place: Path, environment: dict[str, str]) -> None:
        super().__init__(root, {**environment, **environment_of(place)})
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and have it watch; returns when it says that it does."""
        self.address = str(socket_of(self.environment))
        if not self.address.startswith(self.environment["TMPDIR"]):
            raise MeasurementError(f"Watchman insists on {self.address}, where it may serve others")
        nowhere = subprocess.DEVNULL
        self._server = subprocess.Popen(
            ["watchman", "--foreground", "--no-save-state"],
            env=self.environment,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,  # Ctrl-C is for us
        )
        self._await_socket(self._server)
        self._said(self._exchange(bser.encode(["watch", os.fsencode(self.root)])))

    def stop(self) -> None:
        """Stop it, and return when its process is gone.  Harmless when repeated."""
        if self._server is None:
            return
        with suppress(OSError, ValueError):  # it did not come so far, or left already
            self._exchange(bser.encode(["shutdown-server"]))
        try:
            self._server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def learn_pid(self) -> None:
        """Take it from the process, which stays in the foreground."""
        self.pid = self._server.pid if self._server else 0

    def request(self) -> bytes:
        """Return the request for what changed since the last `query`, names only."""
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

    def understand(self, answer: bytes) -> list[bytes]:
        """Return the paths of an answer, and ask with its clock from now on."""
        told = self._said(answer)
        clock, names = told.get("clock"), told.get("files")
        if not isinstance(clock, bytes) or not isinstance(names, list):
            raise MeasurementError(f"Watchman gave no answer: {told!r}"[:300])
        self.token = clock
        if told.get("is_fresh_instance"):
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

    def _said(self, answer: bytes) -> dict[str, bser.Value]:
        told = bser.decode(answer)
        if "error" in told:
            raise MeasurementError(f"Watchman: {told['error']!r}")
        return told

    def _await_socket(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE
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
        raise MeasurementError("Watchman hung up")
    return data


def _is_whole(data: bytearray) -> bool:
    try:
        return len(data) >= bser.length(data)
    except bser.TruncatedError:
        return False
