import bench_bser as bser
import pytest


def test_what_is_encoded_is_decoded() -> None:
    """Paths come back as the bytes they were, whatever they are."""
    said: dict[str, bser.Value] = {"files": [b"\xff\n", b""], "fresh": False, "n": -5, "none": None}

    assert bser.decode(bser.encode({**said, "clock": "c:1:2"})) == {**said, "clock": b"c:1:2"}


def test_the_length_is_that_of_the_whole() -> None:
    """Who reads a socket has nothing else to know the end by."""
    data = bser.encode({"files": [b"name"] * 100})

    assert bser.length(data[:11]) == len(data)


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_cut_head_wants_more(cut: int) -> None:
    """It is no answer yet, and no error."""
    with pytest.raises(bser.TruncatedError):
        bser.length(bser.encode({})[:cut])


def test_another_language_is_refused() -> None:
    """A server that answers in JSON is not understood by chance."""
    with pytest.raises(ValueError, match="not BSER"):
        bser.length(b'{"version": 1}')
