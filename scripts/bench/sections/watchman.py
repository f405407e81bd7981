"""What a client of Watchman waits for: of fsmond's server and of Watchman, by the same requests."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # for the type checker

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bench import trees
from bench.names import (
    ALL_FILES,
    ALL_FILES_AGAIN,
    FILES_OF_A_SUFFIX,
    FIRST_FILES,
    IDLE,
    ONE,
    TOLD_AFTER,
    WATCHMAN,
)
from bench.peers import bser
from bench.peers.daemons import COMMAND
from bench.peers.programs import MeasurementError, run
from bench.peers.watchman import Watchman
from bench.results import Series
from bench.setting import FAILURES, MS, US, Measurements, Setting, turns

NAME = "watchman"
OURS = "fsmond watchman"
_PROGRAM = "import sys; from fsmond.watchman.program import main; sys.exit(main(sys.argv[1:]))"
_FIELDS: list[bser.Value] = ["name", "mode", "mtime", "size", "exists"]
_PAUSE = 0.05  # seconds between two changes of which a subscriber is told
_QUIET = 1.0  # seconds in which a server ends what it does after a start
_RECEIVED = 1 << 20  # bytes asked of the kernel at a time
_TIMEOUT = 60.0  # seconds for each answer


class _Server(Watchman):
    """fsmond's server for Watchman's clients, in the place of Watchman."""

    def start(self) -> None:
        """Start it; its daemon is started by the first request."""
        folder = Path(self.environment["TMPDIR"])
        self.address = str(folder / "sock")
        words = [sys.executable, "-c", _PROGRAM, "--foreground", f"--sockname={self.address}"]
        self._server = subprocess.Popen(
            [*words, "--no-save-state", f"--logfile={folder / 'log'}"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._await_socket(self._server)
        self._checked(self._exchange(bser.encode(["watch", os.fsencode(self.root)])))

    def stop(self) -> None:
        """Stop it and its daemon."""
        super().stop()
        run([str(COMMAND), "stop", str(self.root)], self.environment)


def measure(setting: Setting) -> Iterator[Series]:
    """Measure both servers on one tree, one after the other, several times."""
    programs: dict[str, Callable[[Path, Path, dict[str, str]], Watchman]] = {OURS: _Server}
    if WATCHMAN in setting.daemons:
        programs[WATCHMAN] = Watchman
    rows = _Rows()
    with setting.directory(NAME) as folder:
        root = folder / "tree"
        shape = trees.QUICK if setting.quick else trees.FULL
        paths = trees.make(root, shape, setting.git, setting.environment)
        rounds = turns(setting.rounds(1, 5), list(programs.items()))
        for number, (who, create) in enumerate(each for _, each in rounds):
            server = create(root, folder / str(number), dict(setting.environment))
            try:
                _measure(setting, server, Path(paths[0]), rows.of(who))
            except FAILURES as error:
                rows.fail(who, str(error))
    yield from rows.series()


class _Rows:
    """The measurements of all rows."""

    def __init__(self) -> None:
        self._rows: dict[str, Measurements] = {}
        self._first: Measurements | None = None

    def of(self, who: str) -> "Callable[[str, str, float], None]":
        """Return what adds a value to a row, with its unit, for one program."""

        def add(row: str, unit: str, value: float) -> None:
            self._rows.setdefault(row, Measurements(NAME, row, unit)).add(who, value)

        return add

    def fail(self, who: str, why: str) -> None:
        """Note that a program failed."""
        failed = self._rows.setdefault(FIRST_FILES, Measurements(NAME, FIRST_FILES, "ms"))
        failed.remark(who, why)

    def series(self) -> Iterator[Series]:
        """Yield all of them."""
        for each in self._rows.values():
            yield from each.series()


def _measure(
    setting: Setting, server: Watchman, changed: Path, add: Callable[[str, str, float], None]
) -> None:
    began = time.perf_counter()
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        client = stack.enter_context(_connected(server))
        client.query(fields=_FIELDS)
        add(FIRST_FILES, "ms", (time.perf_counter() - began) * MS)
        time.sleep(_QUIET)
        add(ALL_FILES_AGAIN, "ms", client.seconds(fields=_FIELDS) * MS)
        add(ALL_FILES, "ms", client.seconds(fields=["name"]) * MS)
        add(FILES_OF_A_SUFFIX, "ms", client.seconds(suffix=["none"], fields=["name"]) * MS)
        clock = client.clock()
        for _ in range(setting.pick(50, 300)):
            add(IDLE, "µs", client.seconds(since=clock, fields=_FIELDS) * US)
        for number in range(setting.pick(50, 300)):
            changed.write_text(str(number))
            add(ONE, "µs", client.seconds(since=clock, fields=_FIELDS) * US)
            clock = client.clock()
        client.ask("subscribe", client.root, "bench", {"fields": ["name"], "since": client.clock()})
        for number in range(setting.pick(10, 60)):
            time.sleep(_PAUSE)
            client.drain()
            changed.write_text(str(number))
            began = time.perf_counter()
            client.receive()
            add(TOLD_AFTER, "µs", (time.perf_counter() - began) * US)


class _Client:
    """Speaks BSER over one connection, as most clients do."""

    def __init__(self, stream: socket.socket, root: Path) -> None:
        self._stream = stream
        self.root: bser.Value = os.fsencode(root)

    def query(self, **spec: bser.Value) -> bytes:
        """Send a query; return the bytes of the answer."""
        return self.ask("query", self.root, spec)

    def seconds(self, **spec: bser.Value) -> float:
        """Send a query; return how long the answer took, without its parsing."""
        began = time.perf_counter()
        self.query(**spec)
        return time.perf_counter() - began

    def clock(self) -> bser.Value:
        """Return the clock now."""
        options: dict[str, bser.Value] = {"sync_timeout": int(_TIMEOUT * MS)}
        return self._checked(self.ask("clock", self.root, options))["clock"]

    def ask(self, *command: bser.Value) -> bytes:
        """Send a command; return the bytes of the response."""
        self._stream.sendall(bser.encode(list(command)))
        return self.receive()

    def receive(self) -> bytes:
        """Return the bytes of a message; to parse them is the client's own work."""
        data = bytearray()
        while True:
            piece = self._stream.recv(_RECEIVED)
            if not piece:
                raise MeasurementError("the server hung up")
            data += piece
            with suppress(bser.TruncatedError):
                if len(data) >= bser.length(data):
                    return bytes(data)

    def drain(self) -> None:
        """Take what came late."""
        self._stream.setblocking(False)
        with suppress(BlockingIOError):
            while self._stream.recv(_RECEIVED):
                pass
        self._stream.settimeout(_TIMEOUT)

    def _checked(self, answer: bytes) -> dict[str, bser.Value]:
        reply = bser.decode(answer)
        if "error" in reply:
            raise MeasurementError(f"the server answered: {reply['error']!r}")
        return reply


@contextmanager
def _connected(server: Watchman) -> Iterator[_Client]:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(_TIMEOUT)
        stream.connect(server.address)
        yield _Client(stream, server.root)
