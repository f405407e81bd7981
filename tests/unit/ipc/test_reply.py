"""When the end of an answer is sent: see "What it costs" in docs/reference/ipc.md."""
# ruff: noqa: E402  # the type checker has to know first

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

if sys.platform == "win32":
    pytest.skip("requires Unix", allow_module_level=True)
assert sys.platform != "win32"  # tells the type checker

import _socket

import ipc
from ipc._server.rate_limited_log import RateLimitedLog
from ipc._server.unix.handler import ConnectionHandler
from ipc.pktline import framed

Ends = tuple[_socket.socket, _socket.socket]
QUESTION = b"question"


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Connect two ends; the client's end does not block."""
    server_end, client_end = _socket.socketpair()
    client_end.setblocking(False)
    yield server_end, client_end
    server_end.close()
    client_end.close()


def _handler(application: Callable[[bytes, Callable[[bytes], None]], object]) -> ConnectionHandler:
    return ConnectionHandler(application, ipc.ServerOptions(), RateLimitedLog())


def test_a_small_answer_is_not_sent_at_once(ends: Ends) -> None:
    """The worker has other work first: the client needs a processor after its wake-up."""
    server_end, client_end = ends
    handler = _handler(lambda message, _reply: message)
    handler.workers = _BusyWorkers()

    pending = handler.answer(server_end, QUESTION)

    with pytest.raises(BlockingIOError):
        client_end.recv(100)
    assert pending is not None
    handler.finish(*pending)
    assert client_end.recv(100) == framed(QUESTION)
    assert client_end.recv(100) == b""


def test_the_end_of_an_answer_in_pieces_is_sent_at_once(ends: Ends) -> None:
    """The send may block, and the worker must not count as idle meanwhile."""
    server_end, client_end = ends

    def application(message: bytes, reply: Callable[[bytes], None]) -> bytes:
        reply(message)
        return message

    handler = _handler(application)
    handler.workers = _BusyWorkers()

    assert handler.answer(server_end, QUESTION) is None
    assert client_end.recv(100).endswith(framed(QUESTION))
    assert client_end.recv(100) == b""


def test_a_quit_comes_after_its_answer(ends: Ends) -> None:
    """Otherwise the server could end before the answer is sent."""
    server_end, client_end = ends
    handler = _handler(lambda _message, _reply: ipc.QUIT)
    handler.workers = _BusyWorkers()
    seen = []
    handler.quit = lambda: seen.append(client_end.recv(100))

    assert handler.answer(server_end, QUESTION) is None
    assert seen == [framed(b"")]


class _BusyWorkers:
    """All other workers are busy."""

    def has_idle_worker(self) -> bool:
        return False

    def blocked_on(self, stream: _socket.socket, /) -> AbstractContextManager[None]:
        raise AssertionError(f"no worker should block on {stream}")
