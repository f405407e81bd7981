import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ipc_tools import pair

from ipc.errors import HungUpError, ProtocolError
from ipc.message import receive_message, send_message
from ipc.pktline import FLUSH, Decoder, batches, decode_single

messages = st.lists(st.binary(min_size=1, max_size=40), max_size=20)
ends = st.sampled_from([b"0000", b"0001", b"0002", b"0004"])


@st.composite
def wire(draw: st.DrawFn) -> bytes:
    """Create packets with digits of either case, some of them invalid."""
    parts = []
    for data in draw(messages):
        digits = b"%04x" % (len(data) + 4)
        parts.append(draw(st.sampled_from([digits, digits.upper()])) + data)
    tail = draw(st.one_of(ends, st.binary(max_size=8)))
    return b"".join(parts) + tail


@st.composite
def split(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Split bytes anywhere."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def outcome(chunks: list[bytes]) -> tuple[bytes, bool, bool]:
    """Return the data, whether it is a whole message, and whether it is invalid."""
    decoder = Decoder()
    data = b""
    try:
        for chunk in chunks:
            for piece in decoder.feed(chunk):
                data += piece
    except ProtocolError:
        return b"", False, True  # earlier data of the same chunk is lost too
    return data, decoder.finished, False


@given(st.data())
def test_the_split_of_bytes_makes_no_difference(data: st.DataObject) -> None:
    """A stream may deliver them in any pieces."""
    sent = data.draw(wire())

    assert outcome(data.draw(split(sent))) == outcome([sent])


@given(st.lists(st.binary(max_size=200)), st.integers(0, 3))
def test_any_bytes_decode_or_raise_the_documented_error(chunks: list[bytes], drop: int) -> None:
    """No bytes of a peer may raise any other error."""
    _, finished, failed = outcome(chunks[drop:])

    assert not (finished and failed)


@given(st.binary(max_size=3000))
def test_an_encoded_message_decodes_to_itself(message: bytes) -> None:
    """Even if it looks like packets."""
    sent = b"".join(b"".join(buffers) for buffers in batches(memoryview(message))) + FLUSH

    assert outcome([sent]) == (message, True, False)


@given(st.one_of(wire(), st.binary(max_size=60)))
def test_the_fast_path_agrees_with_the_decoder(data: bytes) -> None:
    """It may return no result, but never a different one."""
    full = outcome([data])
    try:
        short = decode_single(data)
    except ProtocolError:
        assert full[2]
        return
    if short is not None:
        assert full == (short, True, False)


@given(st.lists(st.binary(max_size=100), max_size=10), st.booleans())
def test_any_iterable_of_pieces_is_one_message(pieces: list[bytes], as_view: bool) -> None:
    """Even with empty pieces, which must not end it."""
    near, far = pair()
    with near, far:
        send_message(near, [memoryview(piece) if as_view else piece for piece in pieces])

        assert receive_message(far) == b"".join(pieces)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_message_or_an_error_to_a_receiver(data: bytes) -> None:
    """An incomplete message raises HungUpError."""
    near, far = pair()
    with near, far:
        near.sendall(data)
        near.close()
        try:
            message = receive_message(far)
        except (ProtocolError, HungUpError):
            return
        assert outcome([data]) == (message, True, False)


def test_decoding_takes_linear_time() -> None:
    """Eight times the bytes may take about eight times as long, even one by one."""

    def seconds(count: int) -> float:
        decoder = Decoder()
        data = b"0005x" * count
        began = time.perf_counter()
        for at in range(len(data)):
            decoder.feed(data[at : at + 1])
        return time.perf_counter() - began

    assert min(seconds(16000) for _ in range(3)) < 20 * min(seconds(2000) for _ in range(3))


def test_decoding_a_gibibyte_needs_no_memory() -> None:
    """The decoder buffers three bytes at most."""
    tracemalloc = pytest.importorskip("tracemalloc")
    decoder = Decoder()
    chunk = b"fff0" + bytes(65516)
    tracemalloc.start()
    try:
        for _ in range((1 << 30) // len(chunk)):
            for piece in decoder.feed(memoryview(chunk)):
                assert len(piece) == 65516
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 100_000


def test_a_gibibyte_is_streamed_in_little_memory() -> None:
    """It is sent from an iterable, and received as it arrives."""
    tracemalloc = pytest.importorskip("tracemalloc")
    from ipc.message import receive_pieces

    near, far = pair()
    piece = bytes(1 << 20)
    with near, far:
        tracemalloc.start()
        sender = threading.Thread(target=send_message, args=(near, (piece for _ in range(1 << 10))))
        sender.start()
        try:
            total = sum(len(each) for each in receive_pieces(far))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            sender.join()
            tracemalloc.stop()

    assert total == 1 << 30
    assert peak < 4 << 20
