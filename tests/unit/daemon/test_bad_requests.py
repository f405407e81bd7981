"""Every invalid JSON request gets an error as its answer: neither silence nor an exception."""

import json

import pytest
from support.fake_watcher import FakeWatcher

from fsmond.daemon.requests import Requests
from fsmond.monitor.monitor import Monitor


def error_of(message: bytes) -> str:
    """Return the error that answers a request."""
    pieces: list[bytes] = []
    reply = Requests(Monitor(b"/", FakeWatcher), {})(message, pieces.append)
    assert isinstance(reply, bytes)
    answer = json.loads(b"".join([*pieces, reply]))
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
def test_invalid_json_is_an_error(message: bytes) -> None:
    """If it passed for an unknown token, the client would not notice its mistake."""
    assert error_of(message).startswith("not a JSON object: ")


@pytest.mark.parametrize("filling", [b" ", b"[", b"9", b"[],", b'{"a":'])
def test_an_object_that_is_too_long_is_not_parsed(filling: bytes) -> None:
    """No other thread runs while it is parsed."""
    message = b'{"command": ' + filling * (1_000_000 // len(filling))

    assert error_of(message) == f"the request has {len(message)} bytes: send at most 65536"


@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]
)
@pytest.mark.parametrize("depth", [*range(10, 1100, 70), *range(940, 1000, 3), 10_000, 100_000])
@pytest.mark.parametrize("name", [b"command", b"since"])
def test_an_object_may_be_nested_to_any_depth(
    opening: bytes, closing: bytes, depth: int, name: bytes
) -> None:
    """Neither parsing it nor showing it in the error raises a RecursionError."""
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
def test_the_error_for_an_unknown_command_lists_the_commands(command: str, shown: str) -> None:
    """A newer client can tell from it that the daemon is older."""
    error = error_of(b'{"command": %b}' % command.encode())

    assert error.startswith(f"no such command: {shown}; the commands are ")
    assert "query" in error


def test_the_error_for_a_missing_command_lists_the_commands() -> None:
    """It helps the author of a client just as much."""
    assert "the commands are" in error_of(b"{}")


@pytest.mark.parametrize("since", ["0", "1.5", "true", "[]", '["token"]', "{}"])
def test_a_token_of_another_type_is_an_error(since: str) -> None:
    """If it passed for an unknown token, the client's fault would stay hidden."""
    error = error_of(b'{"command": "query", "since": %b}' % since.encode())

    assert error.startswith("'since' must be a token or null, not ")


# Shows a defect: the error repeats the whole request, up to four times as long.
@pytest.mark.parametrize("name", ["command", "since"])
def test_an_error_does_not_repeat_a_long_request(name: str) -> None:
    """It shows what was received, but not a mebibyte of it."""
    request = {"command": "query", name: ["\0" * (1 << 20)]}

    assert len(error_of(json.dumps(request).encode())) < 1000


def test_an_object_in_another_encoding_is_read_as_json_allows() -> None:
    """json.loads detects it.  Either answer would do, but not an exception."""
    message = '{"command": "nonsense"}'.encode("utf-16-le")

    assert "nonsense" in error_of(message)
