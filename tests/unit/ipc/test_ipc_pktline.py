import pytest

from ipc.errors import ProtocolError
from ipc.pktline import BATCH, FLUSH, MAX_DATA, Decoder, batches, framed, packet_size, whole


def decoded(*chunks: bytes) -> tuple[bytes, bool]:
    """Return the data that chunks decode to, and whether they are a whole message."""
    decoder = Decoder()
    data = b"".join(piece for chunk in chunks for piece in decoder.feed(chunk))
    return data, decoder.finished


def test_a_message_is_one_packet_and_a_flush() -> None:
    """The four digits count themselves."""
    assert framed(b"hello") == b"0009hello0000"


def test_an_empty_message_is_only_a_flush() -> None:
    """An empty packet would end the message too, and then the flush would be left over."""
    assert framed(b"") == FLUSH


@pytest.mark.parametrize("end", [b"0000", b"0001", b"0002", b"0004"])
def test_every_end_that_git_takes_ends_a_message(end: bytes) -> None:
    """Git's reader stops at any packet without data, whatever it was meant for."""
    assert decoded(b"0009hello" + end) == (b"hello", True)
    assert whole(b"0009hello" + end) == b"hello"


@pytest.mark.parametrize(
    "digits",
    [b"0003", b"fff1", b"ffff", b"FFF1", b"zzzz", b"0x1f", b"+1af", b"1_00", b" 1af", b"-001"],
)
def test_a_length_that_git_refuses_is_an_error(digits: bytes) -> None:
    """What int() would accept is not enough."""
    with pytest.raises(ProtocolError):
        packet_size(digits)
    with pytest.raises(ProtocolError):
        decoded(digits + b"x" * 100)
    with pytest.raises(ProtocolError):
        whole(digits + b"x" * 100)


@pytest.mark.parametrize("digits", [b"000d", b"000D"])
def test_digits_may_be_of_either_case(digits: bytes) -> None:
    """Git writes lower case and reads both."""
    assert decoded(digits + b"builtin:f0000") == (b"builtin:f", True)
    assert whole(digits + b"builtin:f0000") == b"builtin:f"


def test_the_longest_packet_is_taken() -> None:
    """65516 bytes of data are allowed, one more is not."""
    data = b"x" * MAX_DATA

    assert decoded(b"fff0" + data + FLUSH) == (data, True)
    assert whole(framed(data)) == data


def test_where_packets_end_means_nothing() -> None:
    """Git's daemon cuts paths anywhere."""
    assert decoded(b"0007bui0009ltin:0008fake0000") == (b"builtin:fake", True)


def test_a_message_may_arrive_byte_by_byte() -> None:
    """A stream has no boundaries."""
    message = b"0007abc0006de0000"

    assert decoded(*(message[at : at + 1] for at in range(len(message)))) == (b"abcde", True)


def test_what_follows_the_end_is_left_alone() -> None:
    """A second request on a connection is ignored, however broken it is."""
    assert decoded(b"0009hello0000zzzz") == (b"hello", True)
    assert whole(b"0009hello0000zzzz") == b"hello"


@pytest.mark.parametrize("cut", range(len(b"0009hello0000")))
def test_a_message_cut_anywhere_is_not_finished(cut: int) -> None:
    """Only its end packet says that a message is complete."""
    assert not decoded(b"0009hello0000"[:cut])[1]
    assert whole(b"0009hello0000"[:cut]) is None


def test_data_that_looks_like_a_message_is_data() -> None:
    """Only lengths say where a packet ends."""
    assert whole(b"000d0005a0000" + FLUSH) == b"0005a0000"


def test_a_single_packet_with_others_behind_it_is_not_whole() -> None:
    """The short cut is for one packet; the decoder does the rest."""
    assert whole(b"0005a0005b0000") is None


def test_an_error_stays_an_error() -> None:
    """Bytes after a broken length must not be taken for a message."""
    decoder = Decoder()
    for data in (b"zzzz", b"0009hello0000", b"0"):
        with pytest.raises(ProtocolError):
            decoder.feed(data)


def test_data_is_sliced_from_what_was_given() -> None:
    """Views in, views out: large answers are not copied."""
    given = memoryview(b"0009hello0000")

    (piece,) = Decoder().feed(given)

    assert isinstance(piece, memoryview)
    assert piece.obj is given.obj


def test_wants_follows_the_packets() -> None:
    """A digit too many received would put the next packet's data behind it."""
    decoder = Decoder()
    decoder.feed(b"fff0" + bytes(MAX_DATA))

    assert decoder.wants == 4
    decoder.feed(b"fff0")
    assert decoder.wants == MAX_DATA
    data = bytes(MAX_DATA)
    assert decoder.feed(data)[0] is data


def test_short_packets_are_received_in_bulk() -> None:
    """One system call a packet would be too many for an answer of ten thousand short paths."""
    decoder = Decoder()
    decoder.feed(b"fff0" + bytes(MAX_DATA) + b"0005a0005b0005c")

    assert decoder.wants == 65536


@pytest.mark.parametrize(
    "size", [1, MAX_DATA, MAX_DATA + 1, BATCH * MAX_DATA, BATCH * MAX_DATA + 1]
)
def test_batches_are_the_message_without_its_end(size: int) -> None:
    """Whatever the size, the packets are legal and nothing is lost."""
    data = bytes(range(256)) * (size // 256 + 1)

    sent = b"".join(b"".join(buffers) for buffers in batches(memoryview(data)[:size]))

    assert decoded(sent + FLUSH) == (data[:size], True)


def test_no_data_makes_no_batch() -> None:
    """An empty packet would end the message."""
    assert list(batches(memoryview(b""))) == []
