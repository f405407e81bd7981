"""What clients ask, and the answers, to the byte."""

from pathlib import Path

import pytest
from running import until
from unit.daemon.asking import ask, now, pieces_of
from unit.daemon.conftest import Make
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests
from ipc.server import QUIT

PIECE = 4000  # paths


@pytest.fixture
def monitor(make: Make) -> Monitor:
    """Return one that has started."""
    monitor = make()
    monitor.start()
    until(lambda: monitor.keeper.built)
    return monitor


@pytest.fixture
def git_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where there may be an index of Git's."""
    return tmp_path_factory.mktemp("git") / "index"


def test_nothing_changed_is_a_token_and_its_nul(requests: Requests, monitor: Monitor) -> None:
    """Git takes an answer without the NUL for another thing."""
    token = now(monitor)

    assert ask(requests, token) == token + b"\0"


def test_what_changed_follows_the_new_token(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher
) -> None:
    """Newest first, each with its NUL, nothing quoted."""
    token = now(monitor)
    watcher.happen(b"a", b"d/")
    watcher.happen(b"new\nline \xff")

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
def test_whatever_is_no_request_is_a_token_of_nowhere(
    requests: Requests, monitor: Monitor, message: bytes
) -> None:
    """Everything may have changed: that is right, whatever was meant."""
    reply = ask(requests, message)

    assert reply == now(monitor) + b"\0/\0"


@pytest.mark.parametrize("message", [b"fsmond:0123456789abcdef:7", b"", b"1", b"builtin:fake"])
def test_a_token_in_the_place_of_one_that_git_lost_is_not_sure(
    monitor: Monitor, watcher: FakeWatcher, git_index: Path, message: bytes
) -> None:
    """Git keeps its list of untracked files: the next answer names a path in each directory."""
    git_index.write_bytes(b"DIRC\0entries and UNTR\0 and more")
    requests = Requests(monitor, {}, git_index=bytes(git_index))
    token = ask(requests, message).partition(b"\0")[0]
    watcher.happen(b"file")

    second = ask(requests, token)
    third = ask(requests, second.partition(b"\0")[0])

    assert token != now(monitor)
    assert second.split(b"\0")[1:] == [b"file", b".fsmond", b""]
    assert third == now(monitor) + b"\0"


def test_who_has_no_such_list_has_nothing_to_forget(monitor: Monitor, git_index: Path) -> None:
    """Nor has whoever never had a token, nor who is not Git."""
    for text, message in ((b"DIRC\0entries", b"1"), (b"DIRC\0entries, UNTR", b"-")):
        git_index.write_bytes(text)
        requests = Requests(monitor, {}, git_index=bytes(git_index))
        token = ask(requests, message).partition(b"\0")[0]

        assert ask(requests, token) == token + b"\0"


def test_a_flush_is_answered_with_everything_and_a_token_to_go_on(
    requests: Requests, monitor: Monitor
) -> None:
    """As Git's own daemon does."""
    before = now(monitor)

    reply = ask(requests, b"flush")

    assert reply == now(monitor) + b"\0/\0"
    assert ask(requests, before) == now(monitor) + b"\0/\0"


def test_quit_stops_the_server_and_says_nothing(requests: Requests) -> None:
    """The answer is the end packet alone."""
    said: list[bytes] = []

    result = requests(b"quit", said.append)

    assert result is QUIT
    assert said == []


@pytest.mark.parametrize("count", [1, 3998, 3999, 4000, 4001, 7999, 8000, 8001, 12_345])
def test_many_paths_come_in_pieces_that_are_one_answer(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, count: int
) -> None:
    """No path is lost, split or told twice, wherever the cut falls."""
    token = now(monitor)
    paths = [b"directory/%d" % number for number in range(count)]
    watcher.happen(*paths)

    pieces = pieces_of(requests, token)

    assert b"".join(pieces) == b"\0".join([now(monitor), *reversed(paths)]) + b"\0"
    assert all(piece.endswith(b"\0") for piece in pieces)
    assert max(piece.count(b"\0") for piece in pieces) <= PIECE
    assert b"" not in pieces  # on the wire an empty piece would be an end


@pytest.mark.parametrize("message", [None, b"", b"flush", b"rubbish"])
def test_no_answer_holds_an_empty_path(
    requests: Requests, monitor: Monitor, watcher: FakeWatcher, message: bytes | None
) -> None:
    """Git aborts on one."""
    token = now(monitor)
    watcher.happen(*(b"%d" % number for number in range(999)))

    fields = ask(requests, token if message is None else message).split(b"\0")

    assert fields.pop() == b""  # behind the last NUL
    assert b"" not in fields
