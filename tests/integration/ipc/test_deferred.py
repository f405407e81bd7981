"""Conversations that are answered later, from any thread, while no worker waits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.ipc_tools import HELLO, Reply, eventually, is_disconnected, raw_client, receive_all
from support.systems import IS_WINDOWS

import ipc
from ipc.pktline import FLUSH, framed

LARGE = 5_000_000  # bytes; more than the system buffers


class Owner:
    """An application that keeps each conversation, unless the request is `now`."""

    def __init__(self) -> None:
        self.kept: list[ipc.Deferred] = []
        self.gone = 0
        self.sent = threading.Event()

    def __call__(self, message: bytes, reply: Reply) -> object:
        if message == b"now":
            return b"at once"
        if message == b"begun":
            reply(b"first ")
        deferred = ipc.Deferred(on_gone=self._note_gone, on_sent=self.sent.set)
        self.kept.append(deferred)
        return deferred

    def _note_gone(self) -> None:
        self.gone += 1

    def wait(self, count: int = 1) -> ipc.Deferred:
        """Wait until it keeps so many; return the last."""
        assert eventually(lambda: len(self.kept) >= count)
        return self.kept[count - 1]


@contextmanager
def serving(path: Path, options: ipc.ServerOptions | None = None) -> Iterator[Owner]:
    """Serve; all that is kept is finished at the end."""
    owner = Owner()
    with ipc.Server(path, owner, options):
        yield owner
        for each in owner.kept:
            each.abort()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a socket."""
    return tmp_path / "s"


def test_another_thread_answers_piece_by_piece(path: Path) -> None:
    """Each piece is sent at once."""
    with serving(path) as owner, ipc.connect(path) as connection:
        answer = connection.stream_command(b"?")
        threading.Thread(target=lambda: owner.wait().reply(b"first")).start()
        assert next(answer) == b"first"
        deferred = owner.wait()
        deferred.reply(memoryview(b"second"))
        assert next(answer) == b"second"
        deferred.finish(b"last")
        assert list(answer) == [b"last"]
        assert not deferred.is_gone
    assert owner.gone == 0


@pytest.mark.parametrize("last", [b"", b"x" * 70_000])
def test_what_the_application_replied_comes_first(path: Path, last: bytes) -> None:
    """Pieces may be sent before it returns, by both ways."""
    with serving(path) as owner, ipc.connect(path) as connection:
        answer = connection.stream_command(b"begun")
        owner.wait().finish(last)
        assert b"".join(answer) == b"first " + last


def test_it_may_be_finished_before_the_application_returns(path: Path) -> None:
    """Another thread may be faster than the worker."""

    def application(_message: bytes, _reply: Reply) -> object:
        deferred = ipc.Deferred()
        deferred.reply(b"early ")
        assert deferred.unsent > 0
        deferred.finish(b"bird")
        return deferred

    with ipc.Server(path, application):
        assert ipc.send_command(path, b"?") == b"early bird"


def test_nothing_is_a_valid_answer(path: Path) -> None:
    """It is the end packet alone."""
    with serving(path) as owner, raw_client(path, HELLO) as client:
        owner.wait().finish()
        assert receive_all(client) == FLUSH


def test_the_owner_learns_when_the_client_has_gone(path: Path) -> None:
    """Once, and without sending anything."""
    with serving(path) as owner:
        with raw_client(path, HELLO):
            deferred = owner.wait()
            assert not deferred.is_gone
        assert eventually(lambda: owner.gone)
        assert deferred.is_gone
        for send in (deferred.reply, deferred.finish):
            with pytest.raises(ipc.HungUpError):
                send(b"late")
        deferred.abort()
    assert owner.gone == 1


def test_a_client_that_reads_late_gets_all_of_it(path: Path) -> None:
    """The owner does not wait, and learns when all is sent."""
    with serving(path) as owner, raw_client(path, HELLO) as client:
        deferred = owner.wait()
        began = time.monotonic()
        deferred.reply(b"x" * LARGE)
        deferred.reply(b"y")
        assert time.monotonic() - began < 5
        if not IS_WINDOWS:  # there the system may take all of it at once
            assert deferred.unsent > LARGE // 2
            assert not owner.sent.is_set()
        received = bytearray()
        while len(received) < LARGE:
            received += client.recv(1 << 20)
        assert owner.sent.wait(10)
        assert deferred.unsent == 0
        deferred.finish(b"z")
        received += receive_all(client)
    message = b"".join(ipc_pieces(bytes(received)))
    assert message == b"x" * LARGE + b"yz"


def ipc_pieces(data: bytes) -> Iterator[bytes]:
    """Decode an answer."""
    from ipc.pktline import Decoder

    decoder = Decoder()
    yield from decoder.feed(data)
    assert decoder.finished


def test_what_is_finished_is_sent_to_a_late_reader(path: Path) -> None:
    """Also when the server stops meanwhile."""
    owner = Owner()
    with ipc.Server(path, owner) as server, raw_client(path, HELLO) as client:
        owner.wait().finish(b"x" * LARGE)
        server.stop()
        assert b"".join(ipc_pieces(receive_all(client))) == b"x" * LARGE
    assert owner.gone == 0


def test_a_finished_answer_does_not_wait_for_ever(path: Path) -> None:
    """As any other answer that the client does not read."""
    options = ipc.ServerOptions(reply_timeout=0.1)
    with serving(path, options) as owner, raw_client(path, HELLO) as client:
        owner.wait().finish(b"x" * LARGE)
        time.sleep(1.0)  # there is no condition to wait for
        assert len(receive_all(client)) < LARGE
    assert owner.gone == 0


def test_many_wait_while_others_are_answered(path: Path) -> None:
    """They hold no thread, and each gets its own answer."""
    count = 400
    with serving(path) as owner, ExitStack() as stack:
        before = threading.active_count()
        clients = []
        for number in range(count):
            client = raw_client(path, framed(b"%d" % number))
            clients.append(stack.enter_context(client))
            owner.wait(number + 1)
        assert threading.active_count() <= before + 64
        for _ in range(20):
            assert ipc.send_command(path, b"now") == b"at once"
        for number, deferred in enumerate(owner.kept):
            deferred.finish(b"%d" % number)
        for number, client in enumerate(clients):
            assert receive_all(client) == framed(b"%d" % number)


def test_the_number_is_limited(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Those that wait already stay; the log says why another one was disconnected."""
    options = ipc.ServerOptions(max_deferred=2)
    with serving(path, options) as owner, ExitStack() as stack:
        clients = [stack.enter_context(raw_client(path, HELLO)) for _ in range(2)]
        owner.wait(2)
        with raw_client(path, HELLO) as refused:
            assert eventually(lambda: is_disconnected(refused))
        assert eventually(lambda: owner.gone == 1)
        for each in owner.kept[:2]:
            each.finish(b"!")
        assert [receive_all(client) for client in clients] == [framed(b"!")] * 2
    assert "max_deferred" in caplog.text or "too many answers are deferred" in caplog.text


def test_memory_is_limited(path: Path) -> None:
    """The client that has most to read is disconnected; the owner learns it."""
    options = ipc.ServerOptions(max_request=1000, max_memory=LARGE)
    with serving(path, options) as owner, ExitStack() as stack:
        for number in (1, 2):
            stack.enter_context(raw_client(path, HELLO))
            owner.wait(number)
        owner.kept[0].reply(b"small")
        owner.kept[1].reply(b"x" * (2 * LARGE))
        assert eventually(lambda: owner.gone == 1)
        assert owner.kept[1].is_gone
        assert not owner.kept[0].is_gone


def test_a_stopped_server_disconnects_who_still_waits(path: Path) -> None:
    """The owner learns it; the client does not take that for an answer."""
    owner = Owner()
    with ipc.Server(path, owner) as server:
        with raw_client(path, HELLO) as client:
            owner.wait()
            server.stop()
            assert receive_all(client) == b""
        assert server.wait(10)
    assert owner.gone == 1


def test_an_owner_may_give_up(path: Path) -> None:
    """The client gets no end of an answer; nobody is told."""
    with serving(path) as owner, raw_client(path, HELLO) as client:
        deferred = owner.wait()
        deferred.abort()
        assert receive_all(client) == b""
        deferred.abort()
    assert owner.gone == 0


def test_a_second_request_ends_the_conversation(path: Path) -> None:
    """One connection is for one request."""
    with serving(path) as owner, raw_client(path, HELLO) as client:
        owner.wait()
        client.sendall(HELLO)
        assert eventually(lambda: is_disconnected(client))
        assert eventually(lambda: owner.gone == 1)


def test_each_is_for_one_request(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else two clients would get parts of one answer."""
    kept = ipc.Deferred()
    with (
        ipc.Server(path, lambda _message, _reply: kept),
        raw_client(path, HELLO) as first,
        raw_client(path, HELLO) as second,
    ):
        assert eventually(lambda: "answers one request" in caplog.text)
        kept.finish(b"!")
        assert sorted([receive_all(first), receive_all(second)]) == [b"", framed(b"!")]


def misuse_reply(deferred: ipc.Deferred) -> None:
    """Reply after the end."""
    deferred.reply(b"more")


def misuse_finish(deferred: ipc.Deferred) -> None:
    """Finish twice."""
    deferred.finish()


@pytest.mark.parametrize("misuse", [misuse_reply, misuse_finish])
def test_after_the_end_nothing_can_be_sent(
    path: Path, misuse: Callable[[ipc.Deferred], None]
) -> None:
    """It is an error of the owner, not of the client."""
    with serving(path) as owner, raw_client(path, HELLO) as client:
        deferred = owner.wait()
        deferred.finish(b"!")
        with pytest.raises(ValueError, match="finish"):
            misuse(deferred)
        assert receive_all(client) == framed(b"!")
