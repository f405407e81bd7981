"""Git's own conversations: recorded bytes of its client and of its daemon, replayed to ours."""

import json
from pathlib import Path

import pytest
from ipc_tools import Raw, Reply, exchange, peer

import ipc
from ipc.pktline import Decoder, framed

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "transcripts.json").read_text())
CONNECTIONS = [
    pytest.param(bytes.fromhex(each["request"]), bytes.fromhex(each["reply"]), id=each["id"])
    for each in RECORDED["connections"]
]
ANSWERED = [each for each in CONNECTIONS if each.values[1]]
UNANSWERED = [each for each in CONNECTIONS if not each.values[1]]


def payload(sent: bytes) -> bytes:
    """Return what a message says."""
    return b"".join(Decoder().feed(sent))


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), ANSWERED)
def test_gits_requests_are_understood(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """What Git's client sent, byte for byte; its answer is then the one of Git's daemon."""
    seen = []

    def application(message: bytes, _reply: Reply) -> object:
        seen.append(message)
        return payload(reply_bytes)

    with ipc.Server(tmp_path / "s", application):
        half_close = b"0000" not in request_bytes[-4:]
        answer = exchange(tmp_path / "s", request_bytes, half_close=half_close)

    assert seen == [payload(request_bytes)]
    assert payload(answer) == payload(reply_bytes)


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), ANSWERED)
def test_gits_answers_are_understood(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """What Git's daemon sent, byte for byte; our request is then the one of Git's client."""
    seen = []

    def behave(stream: Raw) -> None:
        decoder = Decoder()
        while not decoder.finished:
            seen.extend(decoder.feed(stream.recv(65536)))
        stream.sendall(reply_bytes)

    with peer(behave, tmp_path / "s"):
        answer = ipc.send_command(tmp_path / "s", payload(request_bytes))

    assert b"".join(seen) == payload(request_bytes)
    assert answer == payload(reply_bytes)


@pytest.mark.parametrize(("request_bytes", "reply_bytes"), UNANSWERED)
def test_what_gits_daemon_does_not_answer_is_not_answered(
    tmp_path: Path, request_bytes: bytes, reply_bytes: bytes
) -> None:
    """Probes, half requests, and broken ones: silence, and the next client is served."""
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
    """Git's client makes one packet of its request, and so do we, to the byte."""
    assert framed(payload(request_bytes)) == request_bytes
    assert reply_bytes
