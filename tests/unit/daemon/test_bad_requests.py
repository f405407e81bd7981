"""Nothing that a client sends as an object may come back as silence, or as an exception."""

import json

import pytest
from unit.daemon.fake_watcher import FakeWatcher

from fsmond.daemon.monitor import Monitor
from fsmond.daemon.requests import Requests


def error_of(message: bytes) -> str:
    """Return the error with which a request is answered."""
    said: list[bytes] = []
    reply = Requests(Monitor(b"/", FakeWatcher), {})(message, said.append)
    assert isinstance(reply, bytes)
    answer = json.loads(b"".join([*said, reply]))
    assert list(answer) == ["error"]
    error = answer["error"]
    assert isinstance(error, str)
    return error


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b"{}}",
        b"{]",
        b'{"command"',
        b'{"command":',
        b'{"command": "query"',
        b'{"command": "query"} x',
        b'{"command": query}',
        b'{"command": "a\nb"}',
        b"{\0",
        b"{\0\0\0",
        b"{\0\0\0\0",
        b"{" * 1000,
        b"{\xff}",
        b'{"command": "\xc3"}',
        b'{"command": ' + b"9" * 5000 + b"}",
        b"{" + b" " * 60_000,
    ],
    ids=lambda message: repr(message)[:40],
)
def test_what_begins_like_an_object_and_is_none_is_an_error(message: bytes) -> None:
    """The client is told, where a token of nowhere would only seem to work."""
    assert error_of(message).startswith("not a JSON object: ")


@pytest.mark.parametrize("filling", [b" ", b"[", b"9", b"[],", b'{"a":'])
def test_an_object_that_is_too_long_is_not_even_read(filling: bytes) -> None:
    """Nothing else runs while it is parsed."""
    message = b'{"command": ' + filling * (1_000_000 // len(filling))

    assert error_of(message) == f"the request has {len(message)} bytes: send at most 65536"


@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]
)
@pytest.mark.parametrize("depth", [*range(10, 1100, 70), *range(940, 1000, 3), 10_000, 100_000])
@pytest.mark.parametrize("name", [b"command", b"since"])
def test_an_object_may_be_nested_as_deeply_as_it_likes(
    opening: bytes, closing: bytes, depth: int, name: bytes
) -> None:
    """Neither reading it nor printing it in the error may end in a RecursionError."""
    value = opening * depth + b"1" + closing * depth

    assert error_of(b'{"command": "query", "%b": %b}' % (name, value))


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ('"nonsense"', "'nonsense'"),
        ('""', "''"),
        ('"QUERY"', "'QUERY'"),
        ('"\\ud800"', r"'\ud800'"),
        ('"\\u0000"', r"'\x00'"),
        ("null", "None"),
        ("7", "7"),
        ("NaN", "nan"),
        ("true", "True"),
        ('["query"]', "['query']"),
        ('{"query": 1}', "{'query': 1}"),
    ],
)
def test_an_unknown_command_is_told_which_there_are(command: str, shown: str) -> None:
    """A newer client that meets an older daemon must be able to say so."""
    error = error_of(b'{"command": %b}' % command.encode())

    assert error.startswith(f"no such command: {shown}; there are ")
    assert "query" in error


def test_an_object_without_a_command_is_told_which_there_are() -> None:
    """It is the same to whoever wrote the client."""
    assert "there are" in error_of(b"{}")


@pytest.mark.parametrize("since", ["0", "1.5", "true", "[]", '["token"]', "{}"])
def test_a_token_of_another_type_is_an_error(since: str) -> None:
    """It is a fault of the client's, which a token of nowhere would hide."""
    error = error_of(b'{"command": "query", "since": %b}' % since.encode())

    assert error.startswith("'since' is a token or null, not ")


# Shows a defect: what was sent is in the error as a whole, up to four times as long.
@pytest.mark.parametrize("name", ["command", "since"])
def test_an_error_does_not_repeat_all_that_was_sent(name: str) -> None:
    """A message says what was got, but not a mebibyte of it."""
    request = {"command": "query", name: ["\0" * (1 << 20)]}

    assert len(error_of(json.dumps(request).encode())) < 1000


def test_an_object_in_another_encoding_is_read_as_json_allows() -> None:
    """json.loads finds out by itself; either answer would do, but not an exception."""
    message = '{"command": "nonsense"}'.encode("utf-16-le")

    assert "nonsense" in error_of(message)
