"""Any program may own a tree's socket: nothing that it answers is trusted."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.ipc_tools import Raw, peer
from support.running import FSMOND, LONG, fsmond, make_repository

import ipc
from fsmond.aio import Client as AsyncClient
from fsmond.client import Client
from fsmond.errors import AnswerError, DaemonEndedError, Error

if sys.platform == "win32":
    pytest.skip("written for Unix", allow_module_level=True)
import resource

from support import raw_unix

ODD = [
    b"{",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe{",
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'{"error": {"\\u001b[2J": []}}',
    b'{"error": null}',
    b'{"error": "\\u001b[2J"}',
    b'{"end": "\\u001b[2J"}\n',
    b'{"cursors": [1], "deleted": {}, "moved": 7}',
    b'{"pid": [], "root": 7, "coverage": 3, "resyncs": {"a": 1}, "everything": [], "advice": {}}',
    b'{"pid": 1e400, "uptime_seconds": "soon", "resyncs": [1, null, {"reason": []}]}',
    b'{"differences": 7, "directories": [], "seconds": null}',
    b'{"differences": [7], "directories": 1, "seconds": 1}',
    b'{"differences": [{"path": "\\ud800", "kind": {}}], "directories": 1, "seconds": 1}',
    b'{"token": "t", "everything": false, "paths": [1]}',
    b'{"token": "\\u001b[2J", "everything": false, "paths": ["a"]}',
    b'{"token": "t", "everything": false, "paths": ["/etc/passwd"]}',
    b"fsmond:\x1b[2J:1\0a\0",
    b"fsmond:a:1\0../../etc/passwd\0",
    b"fsmond:a:1\0/\0\x1b[2J\0",
    b"",
    b"\0" * 10_000,
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a repository that is not watched."""
    root = tmp_path / "root"
    root.mkdir()
    make_repository(root)
    return root


@contextmanager
def lying(root: Path, reply: bytes) -> Iterator[list[bytes]]:
    """Serve the tree's socket with always the same answer; yield the list of requests."""
    requests: list[bytes] = []

    def answer(message: bytes, _: object) -> bytes:
        requests.append(message)
        return reply

    with ipc.Server(root / ".git" / "fsmonitor--daemon.ipc", answer):
        yield requests


@pytest.mark.parametrize("reply", ODD, ids=lambda reply: repr(reply)[:40])
def test_no_answer_causes_a_traceback_or_controls_the_terminal(root: Path, reply: bytes) -> None:
    """The error is one line, without control characters; no process is signalled."""
    with lying(root, reply):
        for command in (
            ("query",),
            ("query", "--json"),
            ("query", "-z"),
            ("status",),
            ("status", "--json"),
            ("verify",),
            ("stop",),
            ("flush",),
        ):
            done = fsmond(*command, root)
            output = done.stdout.replace("\0", "") + done.stderr
            assert "Traceback" not in output, command
            assert "\x1b" not in output, command
            assert "kill 1" not in output, command
            if command[0] in ("query", "verify") or done.returncode:
                assert done.returncode == 1, (command, output)
                assert len(done.stderr.splitlines()) <= 1
                assert "b'" not in done.stderr


@pytest.mark.parametrize("reply", ODD, ids=lambda reply: repr(reply)[:40])
def test_the_hook_passes_no_invalid_answer_to_git(root: Path, reply: bytes) -> None:
    """Git would take it for `nothing changed`, abort, or look outside of the tree."""
    with lying(root, reply):
        done = fsmond("hook", "2", "fsmond:0123456789abcdef:7", cwd=root)

    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("reply", ODD, ids=lambda reply: repr(reply)[:40])
def test_a_client_raises_only_documented_errors(root: Path, reply: bytes) -> None:
    """Programs decide by them."""
    with lying(root, reply):
        client = Client(root, start=False)
        for ask in (
            client.query,
            client.status,
            client.verify,
            client.flush,
            client.cursors,
            lambda: client.delete_cursor("c"),
            lambda: client.query(kinds=True),
            lambda: client.query(cursor="c"),
        ):
            error = _error_of(ask)
            assert error is None or isinstance(error, AnswerError | DaemonEndedError)
            assert str(error).isprintable()


def _waits(root: Path) -> list[Callable[[], object]]:
    """Return what waits for changes, in each way there is."""
    client, other = Client(root, start=False), AsyncClient(root, start=False)

    async def first() -> object:
        return [answer async for answer in other.subscribe(kinds=True)]

    return [
        lambda: client.wait(timeout=1),
        lambda: client.wait(kinds=True),
        lambda: list(client.subscribe(kinds=True)),
        lambda: asyncio.run(_first(other.wait(timeout=1))),
        lambda: asyncio.run(first()),
    ]


async def _first(waiting: Awaitable[object]) -> object:
    return await waiting


@pytest.mark.parametrize("reply", ODD, ids=lambda reply: repr(reply)[:40])
def test_who_waits_gets_only_documented_errors(root: Path, reply: bytes) -> None:
    """Whatever the server sends: a program decides by them whether to wait again."""
    with lying(root, reply):
        for wait in _waits(root):
            error = _error_of(wait)
            assert error is None or isinstance(error, AnswerError | DaemonEndedError)
            assert str(error).isprintable()


@pytest.mark.parametrize("sent", [b"", b"00", b"zzzz", b"0003", b"0100fsmond:a:1", b"\xff" * 99])
def test_who_waits_gets_only_documented_errors_for_bytes_that_are_no_message(
    root: Path, sent: bytes
) -> None:
    """Nor does an error of the transport get through."""

    def answer(stream: Raw) -> None:
        stream.recv(65536)
        stream.sendall(sent)

    for wait in _waits(root):
        with peer(answer, root / ".git" / "fsmonitor--daemon.ipc"):
            assert isinstance(_error_of(wait), AnswerError | DaemonEndedError)


def _error_of(ask: Callable[[], object]) -> Error | None:
    try:
        ask()
    except Error as error:
        return error
    return None


@pytest.mark.parametrize(
    "pid",
    [1, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, -1, True, 2**40, "1"))]
    + [pytest.param(each, marks=pytest.mark.slow) for each in (None, [1])],
)
def test_a_process_that_a_server_names_is_neither_signalled_nor_shown(
    root: Path, pid: object
) -> None:
    """Nor waited for: the socket shows whether the daemon is gone."""
    status = {"pid": pid, "root": str(root), "tree_id": Client(root).place.tree_id()}
    reply = json.dumps(status).encode()
    with lying(root, reply) as requests:
        done = subprocess.run(
            [sys.executable, "-c", _STOP, str(root)],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )

    assert done.returncode == 1
    assert b"quit" in requests
    assert "kill" not in done.stderr
    assert "Traceback" not in done.stderr


_STOP = """
import sys
from fsmond.manage import stopping as stop
from fsmond.client import Client
stop._GONE = 0.2
sys.exit(stop.stop(Client(sys.argv[1], start=False), print))
"""


@pytest.mark.parametrize("piece", [b"fff0" + b"a" * 65516, b"fff0" + b"a\0" * 32758])
@pytest.mark.parametrize("command", ["query", "hook"])
def test_an_endless_answer_is_cut_off(root: Path, command: str, piece: bytes) -> None:
    """It takes little more memory than the largest valid answer."""

    def endless(stream: Raw) -> None:
        try:
            stream.recv(65536)
            stream.sendall(b"000ffsmond:a:1\0")
            while True:
                stream.sendall(piece)
        except OSError:
            pass

    arguments = ["hook", "2", "fsmond:0123456789abcdef:7"] if command == "hook" else ["query"]
    with peer(endless, root / ".git" / "fsmonitor--daemon.ipc"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        done = subprocess.run(
            [*FSMOND, *arguments], cwd=root, capture_output=True, timeout=60, check=False
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"larger than" in done.stderr
    assert peak == before or peak < 250 << 10  # KiB; the answer alone may have 128 MiB


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root can be another user")
def test_another_users_server_is_not_trusted(root: Path) -> None:
    """Any user who may write in a git directory could forge answers to Git.  The error says so."""
    listening = raw_unix.bound(root / ".git" / "fsmonitor--daemon.ipc")
    os.seteuid(54321)  # the kernel records the user who calls listen
    try:
        listening.listen()
    finally:
        os.seteuid(0)
    with listening:
        for command in ("query", "status", "stop", "verify", "flush", "start"):
            done = fsmond(command, root)
            assert done.returncode == 1, command
            assert "uid 54321" in done.stderr, command
            assert str(root) in done.stderr
        hooks = [fsmond("hook", "2", "fsmond:a:1", cwd=root) for _ in range(2)]
    assert [done.returncode for done in hooks] == [1, 1]
    assert "uid 54321" in hooks[0].stderr
    assert hooks[1].stderr == ""  # reported once: Git runs the hook at each command


def test_a_client_waits_for_a_daemon_that_is_exiting(tmp_path: Path) -> None:
    """It hangs up for a while; attempts without a pause would all meet it."""
    make_repository(tmp_path / "repository")
    client = Client(tmp_path / "repository", start=False)
    exits_at = time.monotonic() + 0.1
    options = ipc.ServerOptions(allow=lambda _: time.monotonic() > exits_at)
    with ipc.Server(client.place.socket, lambda *_: b"fsmond:0:1\0new\0", options):
        assert client.query("fsmond:0:0").paths == [b"new"]
