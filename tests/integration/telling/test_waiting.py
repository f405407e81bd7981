"""Clients that wait for changes: once, or again and again; by the command, and from Python."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.running import FSMOND, LONG, fsmond, status, until
from support.systems import IS_WINDOWS
from support.wine import needs_events

import ipc
from fsmond.client import Client
from fsmond.errors import AnswerError, DaemonEndedError, NotRunningError
from fsmond.protocol import Answer

pytestmark = needs_events
FOR_EVER = 100.0  # seconds that no test waits


@contextmanager
def listening(root: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `fsmond subscribe`, and wait until the daemon knows of it."""
    before = status(root)["waiting"]
    process = subprocess.Popen(
        [*FSMOND, "subscribe", str(root), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        until(lambda: status(root)["waiting"] > before or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LONG)


class Background:
    """Calls a function on a thread; `result` waits for it."""

    def __init__(self, root: Path, call: object) -> None:
        assert callable(call)
        before = status(root)["waiting"]
        self._found: list[object] = []
        self._thread = threading.Thread(target=lambda: self._run(call))
        self._thread.start()
        until(lambda: status(root)["waiting"] > before or self._found)

    def _run(self, call: object) -> None:
        assert callable(call)
        try:
            self._found.append(call())
        except Exception as error:  # noqa: BLE001 - `result` returns it
            self._found.append(error)

    def result(self) -> object:
        self._thread.join(LONG)
        assert self._found, "it still waits"
        return self._found[0]


def paths_of(answer: object) -> list[bytes]:
    """Return the paths of an answer that is not everything."""
    assert isinstance(answer, Answer), answer
    assert answer.paths is not None, answer.reason
    return answer.paths


def test_wait_returns_when_something_changes(watched: Path) -> None:
    """And not before; what changed earlier is not repeated."""
    (watched / "earlier").touch()
    waiting = Background(watched, lambda: Client(watched).wait(timeout=FOR_EVER))

    (watched / "new").touch()

    assert paths_of(waiting.result()) == [b"new"]


def test_wait_returns_at_once_if_something_has_changed(watched: Path) -> None:
    """Since the token."""
    client = Client(watched)
    token = client.query().token
    (watched / "new").touch()

    assert paths_of(client.wait(token, timeout=FOR_EVER)) == [b"new"]


def test_wait_returns_nothing_when_the_time_is_up(watched: Path) -> None:
    """With a token to go on from."""
    client = Client(watched)

    answer = client.wait(timeout=0.05)

    assert answer.is_empty
    (watched / "new").touch()
    assert paths_of(client.query(answer.token)) == [b"new"]


def test_an_unknown_token_is_answered_at_once(watched: Path) -> None:
    """Everything may have changed since."""
    answer = Client(watched).wait("fsmond:0000000000000000:1", timeout=FOR_EVER)

    assert (answer.paths, answer.reason) == (None, "restart")


def test_what_is_left_out_wakes_nobody(watched: Path) -> None:
    """Build output would wake everybody all the time."""
    client = Client(watched)
    (watched / ".gitignore").write_text("*.log\n")
    waiting = Background(
        watched, lambda: client.wait(timeout=FOR_EVER, exclude=["*.o"], gitignore=True, settle=0)
    )
    for name in ("a.o", "b.log", "c.o"):
        (watched / name).touch()
        time.sleep(0.03)  # so that each wakes those who want it

    (watched / "c").touch()

    assert paths_of(waiting.result()) == [b"c"]


def test_changes_that_come_together_are_told_together(watched: Path) -> None:
    """When it was quiet for a while."""
    waiting = Background(watched, lambda: Client(watched).wait(settle=2, max_wait=FOR_EVER))

    for name in (b"a", b"b", b"c"):
        (watched / name.decode()).touch()
        time.sleep(0.05)  # so that they do not come together anyhow

    assert set(paths_of(waiting.result())) == {b"a", b"b", b"c"}


def test_changes_without_end_are_told_all_the_same(watched: Path) -> None:
    """After `max_wait`; else a busy tree would never be quiet enough."""
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.005):
            (watched / "top").write_text("again")

    waiting = Background(watched, lambda: Client(watched).wait(settle=FOR_EVER, max_wait=0.2))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert paths_of(waiting.result()) == [b"top"]
    finally:
        ended.set()
        writer.join()


def test_subscribe_yields_each_batch_once(watched: Path) -> None:
    """Each with a token that goes on from there."""
    found: list[Answer] = []

    def listen() -> None:
        for answer in Client(watched).subscribe(settle=0, kinds=True):
            found.append(answer)
            if answer.paths == [b"last"]:
                return

    listener = Background(watched, listen)
    (watched / "first").touch()
    until(lambda: found)
    (watched / "first").unlink()
    until(lambda: len(found) > 1 and found[-1].changes and found[-1].changes[0].kind == "deleted")
    (watched / "last").touch()
    listener.result()

    assert [path for answer in found for path in answer.paths or ()].count(b"last") == 1
    # A touch is two events, of which the second may come after the answer.
    assert set(Client(watched).query(found[-1].token).paths or ()) <= {b"last"}


def test_a_slow_reader_gets_one_batch_that_is_complete(watched: Path) -> None:
    """It misses nothing, and its batches do not queue up."""
    with ipc.connect(os.fsencode(Client(watched).place.socket)) as connection:
        pieces = connection.stream_command(
            json.dumps({"command": "subscribe", "form": "wire", "settle": 0}).encode()
        )
        until(lambda: status(watched)["waiting"] == 1)
        for folder in range(40):
            (watched / f"folder{folder}").mkdir()
            for name in range(100):
                (watched / f"folder{folder}" / f"{'long-name' * 10}{name}").touch()
        Client(watched).query()
        data = b""
        seen: set[bytes] = set()
        while len(seen) < 40 * 101:
            data += next(pieces)
            seen = {
                path
                for answer in data.split(b"\0\0")
                for path in answer.split(b"\0")[1:]
                if path.startswith(b"folder")
            }
    until(lambda: status(watched)["waiting"] == 0)


def test_the_end_of_the_daemon_is_told(watched: Path) -> None:
    """At once, and with the reason; after that, nothing was missed."""
    client = Client(watched)
    token = client.query().token
    waiting = Background(watched, lambda: client.wait(timeout=FOR_EVER))
    subscribed = Background(watched, lambda: list(client.subscribe()))

    fsmond("stop", watched)
    (watched / "meanwhile").touch()

    for each in (waiting, subscribed):
        error = each.result()
        assert isinstance(error, DaemonEndedError)
        assert "asked to quit" in str(error)
    assert b"meanwhile" in paths_of(client.wait(token, timeout=FOR_EVER))


@pytest.mark.skipif(IS_WINDOWS, reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, "SIGKILL"])
def test_a_daemon_that_is_killed_leaves_nobody_waiting(
    watched: Path, number: "signal.Signals | str"
) -> None:
    """By a broken connection, if it cannot say so."""
    waiting = Background(watched, lambda: Client(watched).wait(timeout=FOR_EVER))

    os.kill(status(watched)["pid"], getattr(signal, number) if isinstance(number, str) else number)

    assert isinstance(waiting.result(), DaemonEndedError | AnswerError)


@pytest.mark.skipif(IS_WINDOWS, reason="a directory that is in use cannot be removed")
def test_who_waits_for_a_tree_that_goes_is_told(watched: Path) -> None:
    """There will be no changes any more."""
    waiting = [
        Background(watched, lambda: Client(watched).wait(timeout=FOR_EVER)) for _ in range(3)
    ]

    watched.rename(watched.with_name("elsewhere"))

    for each in waiting:
        assert isinstance(each.result(), DaemonEndedError)
    watched.with_name("elsewhere").rename(watched)


def test_a_client_that_goes_is_forgotten(watched: Path) -> None:
    """It costs nothing any longer."""
    with listening(watched):
        assert status(watched)["waiting"] == 1

    until(lambda: status(watched)["waiting"] == 0)


def test_many_may_wait(watched: Path) -> None:
    """None of them holds a thread."""
    request = json.dumps({"command": "wait", "settle": 0}).encode()
    path = os.fsencode(Client(watched).place.socket)
    connections = [ipc.connect(path) for _ in range(50)]
    pieces = [each.stream_command(request) for each in connections]
    until(lambda: status(watched)["waiting"] == 50)

    (watched / "new").touch()

    answers = [json.loads(b"".join(each)) for each in pieces]
    assert all(each["paths"] == ["new"] for each in answers)
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": -1},
        {"timeout": "soon"},
        {"settle": True},
        {"max_wait": float("nan")},
        {"cursor": "a/b"},
        {"cursor": "a", "since": "fsmond:0000000000000000:1"},
        {"include": "*.c"},
        {"include": [1]},
        {"exclude": ["["]},
        {"kinds": 1},
        {"form": "other"},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["wait", "subscribe"])
def test_a_bad_request_is_an_error_at_once(
    watched: Path, command: str, fields: dict[str, object]
) -> None:
    """And it names what is wrong."""
    path = os.fsencode(Client(watched).place.socket)

    reply = json.loads(ipc.send_command(path, json.dumps({"command": command, **fields}).encode()))

    name = "include" if "include" in fields else next(iter(fields))
    assert name.split("_")[0] in reply["error"] or "not a pattern" in reply["error"]


def test_no_daemon_is_started_against_the_will(repository: Path) -> None:
    """Exit status 3, as of a query."""
    with pytest.raises(NotRunningError):
        Client(repository, start=False).wait()
    assert fsmond("wait", repository, "--no-start").returncode == 3
    assert fsmond("subscribe", repository, "--no-start").returncode == 3


def test_the_command_waits(watched: Path) -> None:
    """And prints what `query` would."""
    token = fsmond("query", watched).stdout.split()[0]
    (watched / "new").touch()

    done = fsmond("wait", watched, "--since", token, "--timeout", "100", "--kinds")
    late = fsmond("wait", watched, "--timeout", "0.05")
    bad = fsmond("wait", watched, "--timeout", "-1")

    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["A\tnew"])
    assert (late.returncode, len(late.stdout.splitlines())) == (4, 1)
    assert bad.returncode == 2


def test_the_command_subscribes(watched: Path) -> None:
    """Each batch is there as soon as it is told, in each of the forms."""
    with listening(watched, "--settle=0") as text, listening(watched, "--json") as lines:
        with listening(watched, "-z", "--kinds") as raw:
            assert text.stdout is not None
            assert lines.stdout is not None
            assert raw.stdout is not None
            (watched / "new").touch()
            printed = [text.stdout.readline() for _ in range(3)]
            found = json.loads(lines.stdout.readline())
            data = b""
            while not data.endswith(b"\0\0"):
                data += os.read(raw.stdout.fileno(), 1000)
        fsmond("stop", watched)
        end = json.loads(lines.stdout.readline())
        assert lines.wait(LONG) == 1

    assert printed[0].startswith(b"fsmond:")
    assert printed[1:] == [b"new" + os.linesep.encode(), os.linesep.encode()] or printed[1:] == [
        b"new\n",
        b"\n",
    ]
    assert found["paths"] == ["new"]
    assert data.split(b"\0")[1:] == [b"A", b"new", b"", b""]
    assert "quit" in end["end"]


@pytest.mark.skipif(IS_WINDOWS, reason="the end of a pipe cannot be waited for")
def test_subscribe_ends_with_its_reader(watched: Path) -> None:
    """Not only at the next change, which may be days away."""
    with listening(watched) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(LONG) == 1


@pytest.mark.skipif(IS_WINDOWS, reason="there is no such signal")
@pytest.mark.parametrize("command", ["wait", "subscribe"])
def test_an_interrupt_ends_it(watched: Path, command: str) -> None:
    """With the exit status that shells give it."""
    process = subprocess.Popen([*FSMOND, command, str(watched)], stdout=subprocess.PIPE)
    until(lambda: status(watched)["waiting"] == 1)

    process.send_signal(signal.SIGINT)

    assert process.wait(LONG) == 130
    process.communicate()
