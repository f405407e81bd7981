"""The content of a stored history: any input decodes to what was written, or is refused."""

import json
import struct
from zlib import crc32

import pytest

from fsmond.storage import format as format_
from fsmond.storage.format import DamagedError, Stored

IDENTITY = {"path": "/tree", "inode": 7}
MORE_THAN_A_FRAME = 3 * 4096 + 1
Records = dict[bytes, bytes | None]


def transaction(
    state: dict[str, object],
    sequences: dict[bytes, int] | None = None,
    records: Records | None = None,
) -> bytes:
    """Return the frames of one transaction."""
    sequences = sequences or {}
    changes = format_.changes(list(sequences), list(sequences.values()), [0] * len(sequences))
    return b"".join((*changes, *format_.records(records or {}), format_.end(state)))


def file_of(*transactions: bytes) -> bytes:
    """Return the content of a file."""
    return b"".join((format_.beginning(IDENTITY), *transactions))


FIRST = transaction({"at": 1}, {b"a": 1, b"dir/": 2}, {b"": b"root", b"dir/": b"deep"})
SECOND = transaction({"at": 2}, {b"a": 3}, {b"dir/": None, b"new/": b""})
SMALL = file_of(FIRST, SECOND)


def frame(kind: bytes, payload: bytes) -> bytes:
    """Return a frame with correct checksums, whatever the payload is."""
    head = struct.pack("=cII", kind, len(payload), crc32(payload))
    return head + struct.pack("=I", crc32(head)) + payload


def test_what_was_written_is_read() -> None:
    """The identity without the layout, which is of no use to others."""
    stored = format_.decode(SMALL)

    assert stored == Stored(
        IDENTITY, {"at": 2}, {b"dir/": 2, b"a": 3}, {}, {b"": b"root", b"new/": b""}, len(SMALL)
    )


def test_a_history_without_changes_and_records_is_read() -> None:
    """A tree may be empty, and nothing may have changed yet."""
    assert format_.decode(file_of(transaction({})))[1:5] == ({}, {}, {}, {})


def test_an_empty_record_is_not_the_same_as_none() -> None:
    """A directory that cannot be read has an empty record; a directory that is gone has none."""
    first = transaction({}, records={b"unreadable/": b"", b"gone/": b"x", b"other/": b"y"})
    second = transaction({}, records={b"gone/": None, b"other/": b""})

    assert format_.decode(file_of(first, second)).records == {b"unreadable/": b"", b"other/": b""}


def test_to_remove_a_record_that_is_not_there_is_harmless() -> None:
    """A directory may appear and vanish between two transactions."""
    assert format_.decode(file_of(transaction({}, records={b"gone/": None}))).records == {}


def test_the_root_alone_has_a_record() -> None:
    """Its prefix is empty, as are the names of a frame that has only this one."""
    assert format_.decode(file_of(transaction({}, records={b"": b"root"}))).records == {
        b"": b"root"
    }


@pytest.mark.parametrize(
    "path", [b"new\nline", b"\xff\xfe", b" ", b"\x01", b"C", b"d\xc3\xa9/", b"x" * 5000]
)
def test_paths_of_any_bytes_are_read(path: bytes) -> None:
    """Only NUL occurs in no path."""
    stored = format_.decode(file_of(transaction({}, {path: 1, b"a": 2}, {path: path, b"a/": b""})))

    assert list(stored.sequences.items()) == [(path, 1), (b"a", 2)]
    assert stored.records == {path: path, b"a/": b""}


def test_records_of_any_bytes_are_read() -> None:
    """They have NULs, and may look like a frame."""
    records: Records = {b"a/": FIRST, b"b/": bytes(range(256)), b"c/": format_.MAGIC}

    assert format_.decode(file_of(transaction({}, records=records))).records == records


def test_more_than_a_frame_holds_is_read_in_order() -> None:
    """A frame is limited so that other threads get their turn."""
    sequences = {b"%d" % number: number for number in range(MORE_THAN_A_FRAME)}
    records: Records = {b"%d/" % number: b"%d" % number for number in range(MORE_THAN_A_FRAME)}

    stored = format_.decode(file_of(transaction({}, sequences, records)))

    assert list(stored.sequences.items()) == list(sequences.items())
    assert stored.records == records


@pytest.mark.parametrize("sequence", [0, 2**31, 2**32, 2**62])
def test_large_sequences_are_read(sequence: int) -> None:
    """They begin with the time in microseconds."""
    assert format_.decode(file_of(transaction({}, {b"a": sequence}))).sequences == {b"a": sequence}


def test_a_path_that_changes_again_moves_to_the_end() -> None:
    """A journal finds the newest changes at its end."""
    first = transaction({}, {b"a": 1, b"b": 2, b"c": 3})

    stored = format_.decode(file_of(first, transaction({}, {b"b": 4, b"a": 5})))

    assert list(stored.sequences.items()) == [(b"c", 3), (b"b", 4), (b"a", 5)]


def test_the_state_is_that_of_the_last_transaction() -> None:
    """Nothing of an older one remains."""
    assert format_.decode(file_of(transaction({"a": 1}), transaction({"b": 2}))).state == {"b": 2}


@pytest.mark.parametrize("change", [0x01, 0x80])
def test_any_byte_that_differs_is_damage(change: int) -> None:
    """Wherever it is: a disk may return anything."""
    for at in range(len(SMALL)):
        damaged = bytearray(SMALL)
        damaged[at] ^= change
        with pytest.raises(DamagedError):
            format_.decode(bytes(damaged))


def test_a_file_cut_anywhere_is_damaged_or_as_of_an_earlier_transaction() -> None:
    """A process may end at any time while it writes."""
    beginning = len(format_.beginning(IDENTITY))
    first = format_.decode(SMALL[: beginning + len(FIRST)])
    for length in range(len(SMALL)):
        if length < first.size:
            with pytest.raises(DamagedError):
                format_.decode(SMALL[:length])
        else:
            assert format_.decode(SMALL[:length]) == first


def test_a_byte_that_is_missing_is_damage_or_the_end() -> None:
    """What follows is then no frame, or lacks its last byte."""
    first = format_.decode(file_of(FIRST))
    for at in range(len(SMALL) - 1):
        try:
            assert format_.decode(SMALL[:at] + SMALL[at + 1 :]) == first
        except DamagedError:
            continue
        assert at > first.size


def test_frames_without_an_end_are_ignored() -> None:
    """They may contradict the state; the next transaction overwrites them."""
    changes = b"".join(format_.changes([b"late"], [9], [9]))
    records = b"".join(format_.records({b"late/": b"x", b"": None}))

    stored = format_.decode(SMALL + changes + records)

    assert stored == format_.decode(SMALL)
    assert stored.size == len(SMALL)


def test_a_file_without_any_transaction_is_incomplete() -> None:
    """There is nothing to restore."""
    with pytest.raises(DamagedError, match="incomplete"):
        format_.decode(file_of(b"".join(format_.changes([b"a"], [1], [0]))))


def test_another_version_is_named_as_such() -> None:
    """It is no damage: people who went back to an older release need not worry."""
    with pytest.raises(DamagedError, match="version"):
        format_.decode(SMALL.replace(b"fsmond history 2\n", b"fsmond history 22\n", 1))


def test_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures of another Python would make all files look changed, or worse, unchanged."""
    monkeypatch.setattr(format_, "LAYOUT", "other 1")
    data = file_of(FIRST)
    monkeypatch.undo()

    with pytest.raises(DamagedError, match="signatures differ"):
        format_.decode(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"SQLite format 3\0", b"fsmond history ", b"fsmond history x\n", b"\n" * 99],
)
def test_a_foreign_file_is_refused(data: bytes) -> None:
    """Somebody may have put it there."""
    with pytest.raises(DamagedError):
        format_.decode(data)


@pytest.mark.parametrize(
    "piece",
    [
        frame(b"X", b""),
        frame(b"\0", b"\0" * 99),
        frame(b"S", b""),
        frame(b"S", b"[]"),
        frame(b"S", b"\xff"),
        format_.beginning(IDENTITY)[len(format_.MAGIC) :],
    ],
    ids=["unknown", "zeros", "empty", "no object", "no text", "second identity"],
)
def test_a_frame_with_an_unexpected_meaning_is_damage(piece: bytes) -> None:
    """Its checksums are right; a later release may have written it."""
    with pytest.raises(DamagedError):
        format_.decode(SMALL + piece + SECOND)


@pytest.mark.parametrize("kind", [b"C", b"R"])
@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", b"\1\0\0\0", b"\1\0\0\0" + b"\0" * 7, b"\2\0\0\0" + b"\1" * 16, b"\xff" * 64],
    ids=["empty", "no count", "only a count", "cut", "other count", "huge count"],
)
def test_a_frame_with_impossible_numbers_is_damage(kind: bytes, payload: bytes) -> None:
    """Its checksums are right; any other error would end the daemon that reads it."""
    with pytest.raises(DamagedError):
        format_.decode(SMALL + frame(kind, payload) + SECOND)


def test_objects_nested_too_deeply_are_damage() -> None:
    """The parser has its own limit, and its own error."""
    with pytest.raises(DamagedError):
        format_.decode(SMALL + frame(b"S", b'{"a":' * 200_000))


def test_the_format_is_as_documented() -> None:
    """Other programs may read it, by docs/reference/history.md."""
    identity = {"layout": format_.LAYOUT, **IDENTITY}
    # Three prefixes, separated by NUL: "", "a/" and "b/"; the record of the first is one byte.
    records = struct.pack("=IIIII", 3, 1, 2**32 - 1, 0, 6) + b"\0a/\0b/" + b"r"
    data = (
        b"fsmond history 2\n"
        + frame(b"I", json.dumps(identity).encode())
        + frame(b"C", struct.pack("=Iqqqq", 2, 5, 6, 0, -6) + b"a\0b")
        + frame(b"R", records)
        + frame(b"S", b'{"at": 1}')
    )

    stored = format_.decode(data)

    assert stored == Stored(
        IDENTITY, {"at": 1}, {b"a": 5, b"b": 6}, {b"b": -6}, {b"": b"r", b"b/": b""}, len(data)
    )
