"""`fsmond hook`: what Git is told."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from running import make_repository
from systems import IS_WINDOWS

from fsmond.cli import hook
from fsmond.rendezvous import place_of
from ipc.errors import HungUpError, TimedOutError, UnreachableError

REPLY = b"fsmond:0123456789abcdef:7\0new\0d/\0"

Send = Callable[..., bytes]


@pytest.fixture
def answer_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[bytes | Exception], list[bytes]]:
    """Return a function that sets what the daemon answers; it returns what will be asked."""
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


def test_version_2_is_the_answer_as_it_is(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Git reads the token itself."""
    asked = answer_with(REPLY)

    assert hook.run(["2", "token"]) == 0

    assert capfdbinary.readouterr() == (REPLY, b"")
    assert [json.loads(each)["since"] for each in asked] == ["token"]


def test_git_is_said_to_ask_and_from_which_tree(answer_with: AnswerWith) -> None:
    """The daemon may watch another one; and Git forgets what others do not."""
    asked = answer_with(REPLY)

    hook.run(["2", "token"])

    request = json.loads(asked[0])
    assert (request["command"], request["form"], request["client"]) == ("query", "wire", "git")
    if not IS_WINDOWS:
        place = place_of(".")
        assert (request["root"], request["tree_id"]) == (os.fsdecode(place.root), place.tree_id())


def test_gits_own_daemon_gets_its_token_as_it_is(answer_with: AnswerWith) -> None:
    """It takes an object for an unknown token, and would say that everything changed."""
    reply = b"builtin:0.1.2:3\0new\0"
    asked = answer_with(reply)

    hook.run(["2", "builtin:0.1.2:2"])

    assert asked == [b"builtin:0.1.2:2"]


def test_git_is_not_told_the_reason(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It is for others, and Git has to pass over it."""
    answer_with(b"fsmond:0123456789abcdef:7\0/\0restart\0")

    hook.run(["2", "token"])
    hook.run(["1", "token"])

    assert capfdbinary.readouterr().out == b"fsmond:0123456789abcdef:7\0/\0/\0"


def test_version_1_is_the_paths_alone(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """It is from before there were tokens."""
    answer_with(REPLY)

    assert hook.run(["1", "1700000000000000000"]) == 0

    assert capfdbinary.readouterr().out == b"new\0d/\0"


def test_a_token_of_any_bytes_is_sent_as_it_is(answer_with: AnswerWith) -> None:
    """It comes from Git's index, which may be damaged."""
    asked = answer_with(REPLY)

    hook.run(["2", 'caf\udce9"\n'])

    assert json.loads(asked[0])["since"] == 'caf\udce9"\n'


@pytest.mark.parametrize("reply", [b"", b"fsmond", b"no NUL here"])
def test_an_answer_without_a_token_makes_git_look_at_everything(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes], reply: bytes
) -> None:
    """Printed as it is, it would mean that nothing changed."""
    answer_with(reply)

    assert hook.run(["2", "token"]) == 1

    out, said = capfdbinary.readouterr()
    assert (out, said[:27]) == (b"", b"fsmond: no token in an answ")


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
def test_an_error_makes_git_look_at_everything(
    answer_with: AnswerWith, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    """Git is slower then, and right."""
    answer_with(error)

    assert hook.run(["2", "token"]) == 1

    assert capfd.readouterr() == ("", f"fsmond: {error}\n")


@pytest.mark.parametrize(
    "arguments", [[], ["2"], ["3", "token"], ["", "token"], ["2", "token", "more"]]
)
def test_anything_else_is_bad_usage(
    capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Nobody is asked; what is said says how it is called."""
    with pytest.raises(SystemExit) as ended:
        hook.run(arguments)

    out, lines = capfd.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert lines.startswith("usage: fsmond")


# Shows a defect: a token is sent as it is, and `quit` as one stops the daemon.
@pytest.mark.parametrize("token", ["quit", "flush", '{"command": "flush"}'])
def test_a_token_is_never_taken_for_a_command(answer_with: AnswerWith, token: str) -> None:
    """Rubbish as a token is a token of nowhere, whatever it spells."""
    asked = answer_with(REPLY)

    hook.run(["2", token])

    assert json.loads(asked[0])["since"] == token


def test_closed_standard_output_is_an_error_in_one_line(
    answer_with: AnswerWith, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python has none then; and what has its number is the socket, or worse."""
    answer_with(REPLY)
    monkeypatch.setattr("sys.stdout", None)

    assert hook.run(["2", "token"]) == 1

    assert capfd.readouterr() == (
        "",
        "fsmond: standard output is closed: there is nobody to answer\n",
    )
