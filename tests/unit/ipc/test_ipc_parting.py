"""When the end of an answer is sent: see "What it costs" in docs/simple-ipc.md."""
# ruff: noqa: E402  # the type checker has to know first

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

if sys.platform == "win32":
    pytest.skip("of Unix", allow_module_level=True)
assert sys.platform != "win32"  # tells the type checker

import _socket

import ipc
from ipc._conversation_unix import Host
from ipc._notes import Notes
from ipc.pktline import framed

Ends = tuple[_socket.socket, _socket.socket]
QUESTION = b"question"


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Make both ends of a conversation; a client that has nothing to read does not wait."""
    ours, clients = _socket.socketpair()
    clients.setblocking(False)
    yield ours, clients
    ours.close()
    clients.close()


def _host(application: Callable[[bytes, Callable[[bytes], None]], object]) -> Host:
    return Host(application, ipc.ServerOptions(), Notes())


def test_a_small_answer_is_left_to_be_sent(ends: Ends) -> None:
    """The worker has something to do first: the client that is woken needs a processor."""
    ours, clients = ends
    host = _host(lambda message, _reply: message)
    host.waiting = _Busy()

    parting = host.answer(ours, QUESTION)

    with pytest.raises(BlockingIOError):
        clients.recv(100)
    assert parting is not None
    host.part(*parting)
    assert clients.recv(100) == framed(QUESTION)
    assert clients.recv(100) == b""


def test_what_was_sent_in_pieces_is_ended_at_once(ends: Ends) -> None:
    """It may have to be waited for, and meanwhile the worker does not count as free."""
    ours, clients = ends

    def application(message: bytes, reply: Callable[[bytes], None]) -> bytes:
        reply(message)
        return message

    host = _host(application)
    host.waiting = _Busy()

    assert host.answer(ours, QUESTION) is None
    assert clients.recv(100).endswith(framed(QUESTION))
    assert clients.recv(100) == b""


def test_who_quits_has_answered_before(ends: Ends) -> None:
    """Or the server could end first."""
    ours, clients = ends
    host = _host(lambda _message, _reply: ipc.QUIT)
    host.waiting = _Busy()
    seen = []
    host.quit = lambda: seen.append(clients.recv(100))

    assert host.answer(ours, QUESTION) is None
    assert seen == [framed(b"")]


class _Busy:
    """All other workers are busy."""

    def others_can_serve(self) -> bool:
        return False

    def holding_a_worker(self, stream: _socket.socket, /) -> AbstractContextManager[None]:
        raise AssertionError(f"nobody has to wait for {stream}")
