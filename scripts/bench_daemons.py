"""The daemons that are asked, each on a tree of its own, driven and asked in the same way."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import fsmond
from fsmond.daemon.alive import lives

COMMAND = Path(sys.executable).with_name("fsmond")
MAIN = Path(fsmond.__file__).with_name("__main__.py")
BARE_PYTHON = (sys.executable, "-I", "-S")
_RECEIVED = 1 << 20  # bytes asked of the kernel at a time; more than it ever holds for a socket
_END = b"\x000000"  # the last NUL and the flush packet; no path here begins with four zeros
_GONE = 10.0  # seconds in which a daemon that was told to stop is gone
_NAP = 0.005  # seconds between two looks at whether it is


class MeasurementError(Exception):
    """What was to be measured did not happen."""


def run(words: list[str], environment: dict[str, str]) -> int:
    """Run a program without a terminal, its output nowhere; return its exit status."""
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawn(words[0], words, environment, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def exchange(address: str, request: bytes) -> bytes:
    """Ask as both git and fsmond do; return the answer's packets as they came."""
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
    """Return a request of one packet."""
    return b"%04x%s0000" % (len(payload) + 4, payload)


class Daemon:
    """One of those that watch, with its tree."""

    name = ""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.address = str(root / ".git" / "fsmonitor--daemon.ipc")
        self.environment = environment
        self.token = b""
        self.pid = 0
        self._is_starting = False

    def start(self) -> None:
        """Start it; returns when it answers."""
        self._is_starting = True
        if status := run(self._command("start"), self.environment):
            raise MeasurementError(f"{self.name} does not start: exit status {status}")
        self._is_starting = False

    def stop(self) -> None:
        """Stop it, and return when its process is gone.  Harmless when repeated."""
        if self._is_starting:  # interrupted: whoever starts it now learns when it can be stopped
            run(self._command("start"), self.environment)
        run(self._command("stop"), self.environment)
        deadline = time.monotonic() + _GONE
        while self.pid and lives(self.pid):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(_NAP)
        self.pid = 0
        self._is_starting = False

    def request(self) -> bytes:
        """Return the request for what changed since the last `query`."""
        return framed(self.token)

    def ask(self) -> bytes:
        """Ask what changed since the last `query`; return the answer as it came."""
        return exchange(self.address, self.request())

    def query(self) -> list[bytes]:
        """Return what changed since the last time; `/` is everything."""
        return self.understand(self.ask())

    def understand(self, answer: bytes) -> list[bytes]:
        """Return the paths of an answer, and ask with its token from now on."""
        payload, at = bytearray(), 0
        while size := int(answer[at : at + 4] or b"0", 16):
            payload += answer[at + 4 : at + size]
            at += size
        self.token, *paths = bytes(payload).split(b"\0")
        if not paths:
            raise MeasurementError(f"{self.name} gave no answer: {answer[:60]!r}")
        return paths[:-1]

    def memory(self) -> float:
        """Return how much of it is in memory, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if found is None:
            raise MeasurementError(f"{self.name} is not there any more")
        return int(found[1]) * 1024 / 1e6

    def processor_time(self) -> float:
        """Return how many seconds of processors it has taken since it was started."""
        fields = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def begin(self) -> float:
        """Have it watch, and learn its first token and its process.

        Returns the seconds from the start to the first answer.
        """
        self.token = b"0"  # such as git asks with the first time
        started = time.perf_counter()
        self.start()
        self.query()
        taken = time.perf_counter() - started
        self.learn_pid()
        return taken

    def learn_pid(self) -> None:
        """Find out its process; the daemon must have been asked since it was started."""
        raise NotImplementedError

    def _command(self, command: str) -> list[str]:
        raise NotImplementedError


class Fsmond(Daemon):
    """Ours, as it is installed beside this Python."""

    name = "fsmond"

    def learn_pid(self) -> None:
        """Take it from the status."""
        self.pid = int(str(self.status()["pid"]))

    def status(self) -> dict[str, object]:
        """Return what it tells about itself."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(self.address)
            stream.sendall(framed(b'{"command": "status"}'))
            told = stream.makefile("rb").read()
        return dict(json.loads(told[4:-4]))

    def _command(self, command: str) -> list[str]:
        return [str(COMMAND), command, str(self.root)]


class GitDaemon(Daemon):
    """The one of Git itself."""

    name = "git's daemon"

    def __init__(self, root: Path, environment: dict[str, str], git: str) -> None:
        super().__init__(root, environment)
        self._git = git

    def learn_pid(self) -> None:
        """Take it from the token."""
        self.pid = int(self.token.split(b".")[1])  # builtin:<n>.<pid>.<time>:<sequence>

    def _command(self, command: str) -> list[str]:
        return [self._git, "-C", str(self.root), "fsmonitor--daemon", command]


@contextmanager
def running(daemon: Daemon) -> Iterator[Daemon]:
    """Have it run, and stopped whatever happens."""
    try:
        daemon.stop()
        daemon.begin()
        yield daemon
    finally:
        with suppress(OSError):
            daemon.stop()


def restart(daemon: Daemon) -> float:
    """Stop it, start it, ask it; return the seconds from the start to the answer."""
    daemon.stop()
    return daemon.begin()


def clean_environment(scratch: Path) -> dict[str, str]:
    """Return one without anybody's configuration; who keeps something keeps it in `scratch`."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(scratch),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    }
