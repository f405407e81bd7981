"""fsmond and git's daemon, each on a tree of its own, started and queried in the same way."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import json
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import fsmond
from bench.peers.programs import MeasurementError, run
from fsmond.process.alive import is_running
from ipc.client import connect

COMMAND = Path(sys.executable).with_name("fsmond")
MAIN = Path(fsmond.__file__).with_name("__main__.py")
BARE_PYTHON = (sys.executable, "-I", "-S")
_RECEIVED = 1 << 20  # bytes asked of the kernel at a time; more than a socket's buffer holds
_END = b"\x000000"  # the last NUL and the flush packet; no path here begins with four zeros
_GONE = 10.0  # seconds that a daemon has to end after `stop`
_NAP = 0.005  # seconds between two checks whether it has ended


def exchange(address: str, request: bytes) -> bytes:
    """Send a request as git and fsmond do; return the packets of the answer unparsed."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(address)
        stream.sendall(request)
        data = stream.recv(_RECEIVED)
        if data.endswith(_END):
            return data
        pieces = [data]
        while data and not data.endswith(_END):
            data = stream.recv(_RECEIVED)
            pieces.append(data)
    return b"".join(pieces)


def framed(payload: bytes) -> bytes:
    """Return a request of one packet, with its flush packet."""
    return b"%04x%s0000" % (len(payload) + 4, payload)


class Daemon:
    """A daemon that watches one tree."""

    name = ""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.address = str(root / ".git" / "fsmonitor--daemon.ipc")
        self.environment = environment
        self.token = b""
        self.pid = 0
        self._is_starting = False

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._is_starting = True
        if status := run(self._command("start"), self.environment):
            raise MeasurementError(f"{self.name} does not start: exit status {status}")
        self._is_starting = False

    def stop(self) -> None:
        """Stop it, and return when its process is gone.  Harmless when repeated."""
        if self._is_starting:  # interrupted: another `start` returns when it can be stopped
            run(self._command("start"), self.environment)
        run(self._command("stop"), self.environment)
        deadline = time.monotonic() + _GONE
        while self.pid and is_running(self.pid):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(_NAP)
        self.pid = 0
        self._is_starting = False

    def forget(self) -> None:
        """Remove what it has stored of the tree; it must not run."""

    def request(self) -> bytes:
        """Return the request for the changes since the last `query`."""
        return framed(self.token)

    def ask(self) -> bytes:
        """Ask for the changes since the last `query`; return the answer unparsed."""
        return exchange(self.address, self.request())

    def query(self) -> list[bytes]:
        """Return the paths that changed since the last time; `/` means everything."""
        return self.parse(self.ask())

    def parse(self, answer: bytes) -> list[bytes]:
        """Return the paths of an answer, and keep its token for the next request."""
        payload, at = bytearray(), 0
        while size := int(answer[at : at + 4] or b"0", 16):
            payload += answer[at + 4 : at + size]
            at += size
        self.token, *paths = bytes(payload).split(b"\0")
        if not paths:
            raise MeasurementError(f"{self.name} gave no answer: {answer[:60]!r}")
        return paths[:-1]

    def memory(self) -> float:
        """Return its resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if found is None:
            raise MeasurementError(f"{self.name} has ended")
        return int(found[1]) * 1024 / 1e6

    def processor_time(self) -> float:
        """Return the processor time in seconds that it has used since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def launch(self) -> float:
        """Start it, and get its first token and its process id.

        Returns the seconds from the start to the first answer.
        """
        self.token = b"0"  # as git sends it the first time
        started = time.perf_counter()
        self.start()
        self.query()
        taken = time.perf_counter() - started
        self.find_pid()
        return taken

    def find_pid(self) -> None:
        """Set its process id; it must have answered a query since its start."""
        raise NotImplementedError

    def _command(self, command: str) -> list[str]:
        raise NotImplementedError


class Fsmond(Daemon):
    """fsmond, as it is installed beside this Python."""

    name = "fsmond"

    def find_pid(self) -> None:
        """Ask the kernel: the daemon's answer would take time, which is being measured."""
        with connect(self.address) as connection:
            peer = connection.peer
        if peer is None or not peer.pid:
            raise MeasurementError("the kernel does not say which process listens")
        self.pid = peer.pid

    def forget(self) -> None:
        """Remove the history, which would be compared with the tree first."""
        shutil.rmtree(self.root / ".git" / "fsmond", ignore_errors=True)

    def status(self) -> dict[str, object]:
        """Return its status."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.address)
            stream.sendall(framed(b'{"command": "status"}'))
            answer = stream.makefile("rb").read()
        return dict(json.loads(answer[4:-4]))

    def _command(self, command: str) -> list[str]:
        return [str(COMMAND), command, str(self.root)]


class GitDaemon(Daemon):
    """Git's own daemon."""

    name = "git's daemon"

    def __init__(self, root: Path, environment: dict[str, str], git: str) -> None:
        super().__init__(root, environment)
        self._git = git

    def find_pid(self) -> None:
        """Take it from the token."""
        self.pid = int(self.token.split(b".")[1])  # builtin:<n>.<pid>.<time>:<sequence>

    def _command(self, command: str) -> list[str]:
        return [self._git, "-C", str(self.root), "fsmonitor--daemon", command]


@contextmanager
def running(daemon: Daemon) -> Iterator[Daemon]:
    """Run it for a block, and stop it in any case."""
    try:
        daemon.stop()
        daemon.launch()
        yield daemon
    finally:
        with suppress(OSError):
            daemon.stop()


def restart(daemon: Daemon) -> float:
    """Stop it and start it anew; return the seconds from the start to the first answer."""
    daemon.stop()
    daemon.forget()
    return daemon.launch()
