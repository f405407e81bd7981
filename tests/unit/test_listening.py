"""What a client makes of the bytes that a daemon sends to those who wait."""

import json

import pytest

from fsmond.errors import AnswerError, DaemonEndedError
from fsmond.listening import AnswerStream
from fsmond.protocol import Answer
from fsmond.results import Change

ROOT = b"/tree"
FIRST = b"fsmond:1:1\0a\0b\0\0"
END = json.dumps({"end": "{stopped}"}).encode() + b"\n"
ERROR = json.dumps({"error": "'x' is no {pattern}"}).encode()


def answers_in(*pieces: bytes, kinds: bool = False) -> list[Answer]:
    """Return what a stream has read."""
    stream = AnswerStream(ROOT, kinds=kinds)
    return [answer for piece in pieces for answer in stream.feed(piece)]


@pytest.mark.parametrize("at", range(len(FIRST + FIRST) + 1))
def test_answers_may_be_cut_anywhere(at: int) -> None:
    """The system gives what has arrived."""
    whole = FIRST + FIRST.replace(b":1\0", b":2\0")

    found = answers_in(whole[:at], whole[at:])

    assert [(each.token, each.paths) for each in found] == [
        ("fsmond:1:1", [b"a", b"b"]),
        ("fsmond:1:2", [b"a", b"b"]),
    ]


def test_kinds_are_read() -> None:
    """Letters and a path in turn."""
    [found] = answers_in(b"fsmond:1:2\0Af\0new\0D\0old\0\0", kinds=True)

    assert found.changes == [Change(b"new", "created", "file"), Change(b"old", "deleted", None)]


@pytest.mark.parametrize("letters", [b"X", b"Ax", b"AA"])
def test_other_letters_are_an_error(letters: bytes) -> None:
    """And not a guess."""
    with pytest.raises(AnswerError, match="no kinds"):
        answers_in(b"fsmond:1:2\0" + letters + b"\0path\0\0", kinds=True)


def test_a_letter_without_a_path_is_an_error() -> None:
    """Else the last path would be lost."""
    with pytest.raises(AnswerError, match="no kinds"):
        answers_in(b"fsmond:1:2\0M\0path\0M\0\0", kinds=True)


@pytest.mark.parametrize("at", range(len(FIRST + END) + 1))
def test_the_end_is_an_error_with_its_reason(at: int) -> None:
    """After what came before it; however it was cut."""
    stream, found = AnswerStream(ROOT, kinds=False), []
    with pytest.raises(DaemonEndedError) as raised:  # noqa: PT012 - any of these may be the last
        for piece in ((FIRST + END)[:at], (FIRST + END)[at:]):
            found += list(stream.feed(piece))
        stream.finish()

    assert raised.value.reason == "{stopped}"
    assert len(found) <= 1


@pytest.mark.parametrize("at", range(len(ERROR) + 1))
def test_an_error_is_what_it_says(at: int) -> None:
    """No line ends it, but the conversation."""
    stream = AnswerStream(ROOT, kinds=False)
    with pytest.raises(AnswerError, match="'x' is no \\{pattern"):  # noqa: PT012 - as above
        for piece in (ERROR[:at], ERROR[at:]):
            list(stream.feed(piece))
        stream.finish()


def test_a_stream_that_ends_without_a_word_is_an_error() -> None:
    """As when the daemon is killed."""
    stream = AnswerStream(ROOT, kinds=False)
    list(stream.feed(FIRST))

    with pytest.raises(DaemonEndedError):
        stream.finish()


def test_half_an_answer_at_the_end_is_an_error() -> None:
    """It is not given to anybody."""
    stream = AnswerStream(ROOT, kinds=False)
    assert list(stream.feed(FIRST[:-3])) == []

    with pytest.raises((DaemonEndedError, AnswerError)):
        stream.finish()
