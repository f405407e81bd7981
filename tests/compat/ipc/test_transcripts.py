"""Exchanges between Git's client and its daemon, recorded as bytes and replayed to ours."""

import json
from pathlib import Path

import pytest
from support.ipc_tools import Raw, Reply, exchange, peer

import ipc
from ipc.pktline import Decoder, framed

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "transcripts.json").read_text())
CONNECTIONS = [
    pytest.param(bytes.fromhex(each["request"]), bytes.fromhex(each["reply"]), id=each["id"])
    for each in RECORDED["connections"]
]
ANSWERED = [each for each in CONNECTIONS if each.values[1]]
UNANSWERED = [each for each in CONNECTIONS if not each.values[1]]


def decoded(sent: bytes) -> bytes:
    """Return the data of a message."""
    return b"".join(Decoder().feed(sent))


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), ANSWERED)
def test_gits_requests_are_understood(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """The exact bytes of Git's client get the same answer as from Git's daemon."""
    seen = []

    def application(message: bytes, _reply: Reply) -> object:
        seen.append(message)
        return decoded(reply_bytes)

    with ipc.Server(tmp_path / "s", application):
        half_close = b"0000" not in request_bytes[-4:]
        answer = exchange(tmp_path / "s", request_bytes, half_close=half_close)

    assert seen == [decoded(request_bytes)]
    assert decoded(answer) == decoded(reply_bytes)


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), ANSWERED)
def test_gits_answers_are_understood(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """The exact bytes of Git's daemon are decoded; our request equals that of Git's client."""
    seen = []

    def behave(stream: Raw) -> None:
        decoder = Decoder()
        while not decoder.finished:
            seen.extend(decoder.feed(stream.recv(65536)))
        stream.sendall(reply_bytes)

    with peer(behave, tmp_path / "s"):
        answer = ipc.send_command(tmp_path / "s", decoded(request_bytes))

    assert b"".join(seen) == decoded(request_bytes)
    assert answer == decoded(reply_bytes)


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), UNANSWERED)
def test_a_request_that_gits_daemon_ignores_is_ignored(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """Probes, incomplete and invalid requests get no answer; the next client is served."""
    assert reply_bytes == b""
    seen = []

    with ipc.Server(tmp_path / "s", lambda message, _reply: seen.append(message)):
        assert exchange(tmp_path / "s", request_bytes, half_close=True) == b""
        assert seen == []
        ipc.send_command(tmp_path / "s", b"next")

    assert seen == [b"next"]


@pytest.mark.parametrize(
    ("request_bytes", "reply_bytes"),
    [each for each in ANSWERED if not str(each.id).startswith("raw")],
)
def test_we_write_what_git_writes(request_bytes: bytes, reply_bytes: bytes) -> None:
    """A request is one packet, with the same bytes."""
    assert framed(decoded(request_bytes)) == request_bytes
    assert reply_bytes
