"""`fsmond hook`: the answers to Git."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import make_repository
from support.systems import IS_WINDOWS

from fsmond import entry_point
from fsmond.cli import hook
from fsmond.rendezvous import place_of
from ipc.errors import HungUpError, TimedOutError, UnreachableError

REPLY = b"fsmond:0123456789abcdef:7\0new\0d/\0"

Send = Callable[..., bytes]


@pytest.fixture
def answer_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[bytes | Exception], list[bytes]]:
    """Return a function that sets the daemon's answer; it returns the list of later requests."""
    make_repository(tmp_path)
    monkeypatch.chdir(tmp_path)

    def answer_with(reply: bytes | Exception) -> list[bytes]:
        asked: list[bytes] = []

        def send(path: bytes, message: bytes, *, root: bytes, timeout: float) -> bytes:
            assert root == b"."
            assert path == b".git/fsmonitor--daemon.ipc"
            assert 0 < timeout < 10
            asked.append(message)
            if isinstance(reply, Exception):
                raise reply
            return reply

        monkeypatch.setattr(hook, "exchange", send)
        return asked

    return answer_with


AnswerWith = Callable[[bytes | Exception], list[bytes]]


def test_version_2_prints_the_answer_unchanged(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Git reads the token itself."""
    asked = answer_with(REPLY)

    assert hook.run(["2", "token"]) == 0

    assert capfdbinary.readouterr() == (REPLY, b"")
    assert [json.loads(each)["since"] for each in asked] == ["token"]


def test_the_request_names_git_and_the_tree(answer_with: AnswerWith) -> None:
    """The daemon may watch another tree; and Git forgets what other clients remember."""
    asked = answer_with(REPLY)

    hook.run(["2", "token"])

    request = json.loads(asked[0])
    assert (request["command"], request["form"], request["client"]) == ("query", "wire", "git")
    if not IS_WINDOWS:
        place = place_of(".")
        assert (request["root"], request["tree_id"]) == (os.fsdecode(place.root), place.tree_id())


def test_gits_own_daemon_gets_its_token_unchanged(answer_with: AnswerWith) -> None:
    """It takes a JSON object for an unknown token, and would answer with everything."""
    reply = b"builtin:0.1.2:3\0new\0"
    asked = answer_with(reply)

    hook.run(["2", "builtin:0.1.2:2"])

    assert asked == [b"builtin:0.1.2:2"]


def test_git_does_not_get_the_reason(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It is for other clients, and Git would have to skip it."""
    answer_with(b"fsmond:0123456789abcdef:7\0/\0restart\0")

    hook.run(["2", "token"])
    hook.run(["1", "token"])

    assert capfdbinary.readouterr().out == b"fsmond:0123456789abcdef:7\0/\0/\0"


def test_version_1_prints_only_the_paths(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It is older than tokens."""
    answer_with(REPLY)

    assert hook.run(["1", "1700000000000000000"]) == 0

    assert capfdbinary.readouterr().out == b"new\0d/\0"


def test_a_token_of_any_bytes_is_sent_unchanged(answer_with: AnswerWith) -> None:
    """It comes from Git's index, which may be damaged."""
    asked = answer_with(REPLY)

    hook.run(["2", 'caf\udce9"\n'])

    assert json.loads(asked[0])["since"] == 'caf\udce9"\n'


@pytest.mark.parametrize("reply", [b"", b"fsmond", b"no NUL here"])
def test_an_answer_without_a_token_makes_git_scan_everything(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes], reply: bytes
) -> None:
    """Printed, it would mean that nothing changed."""
    answer_with(reply)

    assert hook.run(["2", "token"]) == 1

    out, err = capfdbinary.readouterr()
    assert (out, err[:27]) == (b"", b"fsmond: no token in an answ")


@pytest.mark.parametrize(
    "error",
    [
        TimedOutError("too slow"),
        HungUpError("hung up"),
        UnreachableError("no permission"),
        OSError("disk on fire"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_makes_git_scan_everything(
    answer_with: AnswerWith, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    """Git is then slower, but right."""
    answer_with(error)

    assert hook.run(["2", "token"]) == 1

    assert capfd.readouterr() == ("", f"fsmond: {error}\n")


@pytest.mark.parametrize(
    "arguments", [[], ["2"], ["3", "token"], ["", "token"], ["2", "token", "more"]]
)
def test_anything_else_is_bad_usage(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """No daemon is queried; the message is the usage."""
    assert hook.run(arguments) is None
    monkeypatch.setattr(sys, "argv", ["fsmond", "hook", *arguments])
    with pytest.raises(SystemExit) as ended:
        entry_point.main()

    out, lines = capfd.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert lines.startswith("usage: fsmond")


# Shows a defect: a token is sent as it is, and `quit` as one stops the daemon.
@pytest.mark.parametrize("token", ["quit", "flush", '{"command": "flush"}'])
def test_a_token_is_never_taken_for_a_command(answer_with: AnswerWith, token: str) -> None:
    """Whatever its text, an invalid token is an unknown token."""
    asked = answer_with(REPLY)

    hook.run(["2", token])

    assert json.loads(asked[0])["since"] == token


def test_closed_standard_output_is_an_error_in_one_line(
    answer_with: AnswerWith, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python has no stream then, and the descriptor may belong to the socket, or worse."""
    answer_with(REPLY)
    monkeypatch.setattr("sys.stdout", None)

    assert hook.run(["2", "token"]) == 1

    assert capfd.readouterr() == (
        "",
        "fsmond: standard output is closed, so the answer cannot be written\n",
    )
