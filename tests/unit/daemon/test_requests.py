"""What clients ask, and the answers, byte for byte."""

from pathlib import Path

import pytest
from support.fake_watcher import FakeWatcher
from support.running import until
from unit.conftest import Make
from unit.daemon.asking import ask, now, pieces_of

from fsmond.answering.pieces import AT_ONCE
from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor
from ipc.server import QUIT


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return a monitor that has started."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.index_worker.built)
    return monitor


@pytest.fixture
def git_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of Git's index, which need not exist."""
    return tmp_path_factory.mktemp("git") / "index"


def test_if_nothing_changed_the_answer_is_a_token_and_its_nul(
    requests: Requests, monitor: Monitor
) -> None:
    """Git misreads an answer without the NUL."""
    token = now(monitor)

    assert ask(requests, token) == token + b"\0"


def test_what_changed_follows_the_new_token(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Newest first, each with its NUL, nothing quoted."""
    token = now(monitor)
    watcher.queue_change(b"a", b"d/")
    watcher.queue_change(b"new\nline \xff")

    reply = ask(requests, token)

    assert reply == now(monitor) + b"\0new\nline \xff\0d/\0a\0"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" ",
        b"\0",
        b"\0\0\0",
        b"1700000000000000000",
        b"builtin:fake",
        b"fsmond:starting:0",
        b"FLUSH",
        b"quit ",
        b"quit\0",
        b" {}",
        b"[1]",
        b"\xff\xfe",
        b"x" * (1 << 20),
        b"fsmond:0123456789abcdef:" + b"9" * 5000,
    ],
    ids=lambda message: repr(message)[:40],
)
def test_anything_else_is_taken_for_an_unknown_token(
    requests: Requests, monitor: Monitor, message: bytes
) -> None:
    """The answer is everything, which is right whatever the client meant."""
    reply = ask(requests, message)

    assert reply == now(monitor) + b"\0/\0"


@pytest.mark.parametrize("message", [b"fsmond:0123456789abcdef:7", b"", b"1", b"builtin:fake"])
def test_a_token_that_replaces_one_git_lost_is_provisional(
    monitor: Monitor, watcher: FakeWatcher, git_index: Path, message: bytes
) -> None:
    """Git keeps its old list of untracked files: the next answer has a path in each directory."""
    git_index.write_bytes(b"DIRC\0entries and UNTR\0 and more")
    requests = Requests(monitor, {}, git_index=bytes(git_index))
    token = ask(requests, message).partition(b"\0")[0]
    watcher.queue_change(b"file")

    second = ask(requests, token)
    third = ask(requests, second.partition(b"\0")[0])

    assert token != now(monitor)
    assert second.split(b"\0")[1:] == [b"file", b".fsmond", b""]
    assert third == now(monitor) + b"\0"


def test_without_such_a_list_the_token_is_not_provisional(
    monitor: Monitor, git_index: Path
) -> None:
    """Nor for a client that had no token before, or is not Git."""
    for text, message in ((b"DIRC\0entries", b"1"), (b"DIRC\0entries, UNTR", b"-")):
        git_index.write_bytes(text)
        requests = Requests(monitor, {}, git_index=bytes(git_index))
        token = ask(requests, message).partition(b"\0")[0]

        assert ask(requests, token) == token + b"\0"


def test_a_flush_is_answered_with_everything_and_a_new_token(
    requests: Requests, monitor: Monitor
) -> None:
    """As by Git's own daemon."""
    before = now(monitor)

    reply = ask(requests, b"flush")

    assert reply == now(monitor) + b"\0/\0"
    assert ask(requests, before) == now(monitor) + b"\0/\0"


def test_quit_stops_the_server_and_has_an_empty_answer(requests: Requests) -> None:
    """The answer is the end packet alone."""
    pieces: list[bytes] = []

    result = requests(b"quit", pieces.append)

    assert result is QUIT
    assert pieces == []


@pytest.mark.parametrize(
    "count", [1, *range(AT_ONCE - 2, AT_ONCE + 2), 2 * AT_ONCE, 2 * AT_ONCE + 1, 12_345]
)
def test_many_paths_come_in_pieces_that_are_one_answer(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, count: int
) -> None:
    """No path is lost, split or repeated, wherever a piece ends."""
    token = now(monitor)
    paths = [b"directory/%d" % number for number in range(count)]
    watcher.queue_change(*paths)

    pieces = pieces_of(requests, token)

    assert b"".join(pieces) == b"\0".join([now(monitor), *reversed(paths)]) + b"\0"
    assert all(piece.endswith(b"\0") for piece in pieces)
    assert max(piece.count(b"\0") for piece in pieces) <= AT_ONCE + 1  # and the token
    assert b"" not in pieces  # on the wire an empty piece would end the answer


@pytest.mark.parametrize("message", [None, b"", b"flush", b"rubbish"])
def test_no_answer_holds_an_empty_path(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, message: bytes | None
) -> None:
    """Git aborts on one."""
    token = now(monitor)
    watcher.queue_change(*(b"%d" % number for number in range(999)))

    fields = ask(requests, token if message is None else message).split(b"\0")

    assert fields.pop() == b""  # after the last NUL
    assert b"" not in fields
