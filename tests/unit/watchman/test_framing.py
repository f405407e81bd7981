"""Requests are split, and answered as they came."""

import json

import pytest
from support.watchman import bser

from fsmond.watchman.wire.framing import JSON, Encoding, Requests, encode
from fsmond.watchman.wire.values import EncodingError, Rows

REQUESTS = b'["a"]\n' + bser.pack(["b"], 1) + bser.pack(["c"], 2, 3) + b'["d"]\n'
EXPECTED = [
    (["a"], JSON),
    (["b"], Encoding(1)),
    (["c"], Encoding(2, 3)),
    (["d"], JSON),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(REQUESTS)])
def test_requests_are_found_however_split(size: int) -> None:
    """A client may mix encodings, and the kernel may cut anywhere."""
    requests = Requests()

    pieces = [REQUESTS[at : at + size] for at in range(0, len(REQUESTS), size)]
    found = [each for piece in pieces for each in requests.feed(piece)]

    assert found == EXPECTED


@pytest.mark.parametrize("line", [b"{\n", b"\xff\n", b"[" * 100_000 + b"\n", b"\n"])
def test_a_line_that_is_no_json_is_an_error(line: bytes) -> None:
    """Also one that is nested as deeply as no parser can follow."""
    with pytest.raises(EncodingError):
        list(Requests().feed(line))


def test_a_line_that_never_ends_is_an_error() -> None:
    """Else it would fill the memory."""
    requests = Requests()

    with pytest.raises(EncodingError, match="16777216"):
        list(requests.feed(b"x" * (17 << 20)))


def test_json_has_names_and_rows_as_text_and_objects() -> None:
    """A name that is no UTF-8 has surrogates, as everywhere in fsmond's JSON."""
    line = encode({"files": Rows(("name",), ([b"caf\xe9"],)), "root": b"/tree"}, JSON)

    assert line.endswith(b"\n")
    assert json.loads(line) == {"files": [{"name": "caf\udce9"}], "root": "/tree"}


def test_the_name_in_a_json_request_is_the_one_in_its_response() -> None:
    """Whatever bytes it has."""
    ((request, how),) = Requests().feed(b'["watch", "caf\\udce9"]\n')

    assert json.loads(encode(request, how)) == ["watch", "caf\udce9"]
