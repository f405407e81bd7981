"""`fsmond hook`: what Git is told."""

from collections.abc import Callable

import pytest

from fsmond.cli import hook
from ipc.errors import HungUpError, TimedOutError, UnreachableError

REPLY = b"fsmond:0123456789abcdef:7\0new\0d/\0"

Send = Callable[..., bytes]


@pytest.fixture
def answer_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes | Exception], list[bytes]]:
    """Return a function that sets what the daemon answers; it returns what will be asked."""

    def answer_with(reply: bytes | Exception) -> list[bytes]:
        asked: list[bytes] = []

        def send(path: bytes, message: bytes, *, timeout: float) -> bytes:
            assert path == b".git/fsmonitor--daemon.ipc"
            assert 0 < timeout < 10
            asked.append(message)
            if isinstance(reply, Exception):
                raise reply
            return reply

        monkeypatch.setattr(hook, "send_command", send)
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
    assert asked == [b"token"]


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

    hook.run(["2", "caf\udce9"])

    assert asked == [b"caf\xe9"]


@pytest.mark.parametrize("reply", [b"", b"fsmond", b"no NUL here"])
def test_an_answer_without_a_token_makes_git_look_at_everything(
    answer_with: AnswerWith, capfdbinary: pytest.CaptureFixture[bytes], reply: bytes
) -> None:
    """Printed as it is, it would mean that nothing changed."""
    answer_with(reply)

    assert hook.run(["2", "token"]) == 1

    assert capfdbinary.readouterr() == (b"", b"fsmond: no token in the answer\n")


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

    assert token.encode() not in asked
