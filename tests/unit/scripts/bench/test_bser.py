import pytest
from bench.peers import bser


def test_what_is_encoded_is_decoded() -> None:
    """Paths keep all their bytes."""
    sent: dict[str, bser.Value] = {
        "files": [b"\xff\n", b""],
        "fresh": False,
        "n": -5,
        "none": None,
    }

    assert bser.decode(bser.encode({**sent, "clock": "c:1:2"})) == {**sent, "clock": b"c:1:2"}


def test_the_length_is_that_of_the_whole_message() -> None:
    """A reader of a socket finds the end of the message only by it."""
    data = bser.encode({"files": [b"name"] * 100})

    assert bser.length(data[:11]) == len(data)


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_truncated_head_needs_more_bytes(cut: int) -> None:
    """It is not an answer yet, and not an error either."""
    with pytest.raises(bser.TruncatedError):
        bser.length(bser.encode({})[:cut])


def test_another_encoding_is_refused() -> None:
    """An answer in JSON must not be decoded by chance."""
    with pytest.raises(ValueError, match="not BSER"):
        bser.length(b'{"version": 1}')
