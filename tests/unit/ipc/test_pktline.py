import pytest

from ipc.errors import ProtocolError
from ipc.pktline import BATCH, FLUSH, MAX_DATA, Decoder, batches, decode_single, framed, packet_size


def decoded(*chunks: bytes) -> tuple[bytes, bool]:
    """Return the data of chunks, and whether they are a whole message."""
    decoder = Decoder()
    data = b"".join(piece for chunk in chunks for piece in decoder.feed(chunk))
    return data, decoder.finished


def test_a_message_is_one_packet_and_a_flush() -> None:
    """The four digits count themselves."""
    assert framed(b"hello") == b"0009hello0000"


def test_an_empty_message_is_only_a_flush() -> None:
    """An empty packet would end the message too; the flush would then follow its end."""
    assert framed(b"") == FLUSH


@pytest.mark.parametrize("end", [b"0000", b"0001", b"0002", b"0004"])
def test_every_end_packet_of_git_ends_a_message(end: bytes) -> None:
    """Git's reader stops at any packet without data, even if it has another purpose."""
    assert decoded(b"0009hello" + end) == (b"hello", True)
    assert decode_single(b"0009hello" + end) == b"hello"


@pytest.mark.parametrize(
    "digits",
    [b"0003", b"fff1", b"ffff", b"FFF1", b"zzzz", b"0x1f", b"+1af", b"1_00", b" 1af", b"-001"],
)
def test_a_length_that_git_refuses_is_an_error(digits: bytes) -> None:
    """int() would accept some of them."""
    with pytest.raises(ProtocolError):
        packet_size(digits)
    with pytest.raises(ProtocolError):
        decoded(digits + b"x" * 100)
    with pytest.raises(ProtocolError):
        decode_single(digits + b"x" * 100)


@pytest.mark.parametrize("digits", [b"000d", b"000D"])
def test_digits_may_be_of_either_case(digits: bytes) -> None:
    """Git writes lower case and reads both cases."""
    assert decoded(digits + b"builtin:f0000") == (b"builtin:f", True)
    assert decode_single(digits + b"builtin:f0000") == b"builtin:f"


def test_the_longest_packet_is_accepted() -> None:
    """It has 65516 bytes of data."""
    data = b"x" * MAX_DATA

    assert decoded(b"fff0" + data + FLUSH) == (data, True)
    assert decode_single(framed(data)) == data


def test_packet_boundaries_have_no_meaning() -> None:
    """Git's daemon splits paths anywhere."""
    assert decoded(b"0007bui0009ltin:0008fake0000") == (b"builtin:fake", True)


def test_a_message_may_arrive_byte_by_byte() -> None:
    """A stream has no boundaries."""
    message = b"0007abc0006de0000"

    assert decoded(*(message[at : at + 1] for at in range(len(message)))) == (b"abcde", True)


def test_bytes_after_the_end_are_ignored() -> None:
    """A second request on a connection is ignored, even if it is invalid."""
    assert decoded(b"0009hello0000zzzz") == (b"hello", True)
    assert decode_single(b"0009hello0000zzzz") == b"hello"


@pytest.mark.parametrize("cut", range(len(b"0009hello0000")))
def test_a_message_cut_anywhere_is_not_finished(cut: int) -> None:
    """A message is complete only with its end packet."""
    assert not decoded(b"0009hello0000"[:cut])[1]
    assert decode_single(b"0009hello0000"[:cut]) is None


def test_data_that_looks_like_a_message_is_data() -> None:
    """Only its length determines where a packet ends."""
    assert decode_single(b"000d0005a0000" + FLUSH) == b"0005a0000"


def test_the_fast_path_rejects_a_message_of_two_packets() -> None:
    """It is for one packet; the decoder handles the rest."""
    assert decode_single(b"0005a0005b0000") is None


def test_an_error_is_raised_again_by_later_calls() -> None:
    """Bytes after an invalid length must not be decoded as a message."""
    decoder = Decoder()
    for data in (b"zzzz", b"0009hello0000", b"0"):
        with pytest.raises(ProtocolError):
            decoder.feed(data)


def test_data_is_a_slice_of_the_argument() -> None:
    """A view gives views: large answers are not copied."""
    given = memoryview(b"0009hello0000")

    (piece,) = Decoder().feed(given)

    assert isinstance(piece, memoryview)
    assert piece.obj is given.obj


def test_the_receive_size_follows_the_packets() -> None:
    """With one byte more, the next packet's data would not arrive alone."""
    decoder = Decoder()
    decoder.feed(b"fff0" + bytes(MAX_DATA))

    assert decoder.receive_size == 4
    decoder.feed(b"fff0")
    assert decoder.receive_size == MAX_DATA
    data = bytes(MAX_DATA)
    assert decoder.feed(data)[0] is data


def test_short_packets_are_received_in_bulk() -> None:
    """One system call for each packet is too slow for an answer of ten thousand short paths."""
    decoder = Decoder()
    decoder.feed(b"fff0" + bytes(MAX_DATA) + b"0005a0005b0005c")

    assert decoder.receive_size == 65536


@pytest.mark.parametrize(
    "size", [1, MAX_DATA, MAX_DATA + 1, BATCH * MAX_DATA, BATCH * MAX_DATA + 1]
)
def test_batches_are_the_message_without_its_end(size: int) -> None:
    """For any size, the packets are valid and no data is lost."""
    data = bytes(range(256)) * (size // 256 + 1)

    sent = b"".join(b"".join(buffers) for buffers in batches(memoryview(data)[:size]))

    assert decoded(sent + FLUSH) == (data[:size], True)


def test_no_data_makes_no_batch() -> None:
    """An empty packet would end the message."""
    assert list(batches(memoryview(b""))) == []
