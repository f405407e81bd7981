"""The differences between two records of a directory."""

from array import array

import pytest

from fsmond.index.difference import Difference, Kind, differences
from fsmond.index.record import DIRECTORY, FILE, LINK, LINKED, RACY, UNREAD, pack, subdirectories

CONTENT = 1 << 10  # above all flags


def record(**entries: int) -> bytes:
    """Make a record: names with signatures; a `_` in a name stands for a slash."""
    names = "\0".join(entries).replace("_", "/").encode()
    return pack(names, array("q", entries.values()), array("I", range(len(entries))))


def found(before: bytes, now: bytes) -> set[tuple[bytes, str, bool]]:
    """Return the differences below `d/`."""
    return {(path, kind.value, certain) for path, kind, certain in differences(b"d/", before, now)}


def test_the_same_is_no_difference() -> None:
    """The usual case; it costs one comparison of bytes."""
    one = record(a=CONTENT | FILE, b_=CONTENT | DIRECTORY)

    assert differences(b"", one, one) == []


def test_new_gone_and_changed_are_distinguished() -> None:
    """Each by its path."""
    before = record(gone=CONTENT | FILE, kept=CONTENT | FILE, changed=CONTENT | FILE)
    now = record(kept=CONTENT | FILE, changed=2 * CONTENT | FILE, new=CONTENT | FILE)

    assert found(before, now) == {
        (b"d/gone", "gone", True),
        (b"d/changed", "changed", True),
        (b"d/new", "new", True),
    }


def test_another_kind_is_a_replacement() -> None:
    """Such as a file that is a link now, under the same name."""
    assert found(record(a=CONTENT | FILE), record(a=CONTENT | LINK)) == {(b"d/a", "replaced", True)}


def test_a_directory_in_place_of_a_file_is_two_differences() -> None:
    """For Git one path vanished and another one appeared."""
    file, directory = record(a=CONTENT | FILE), record(a_=CONTENT | DIRECTORY)

    assert found(file, directory) == {(b"d/a", "gone", True), (b"d/a/", "replaced", True)}
    assert found(directory, file) == {(b"d/a", "replaced", True), (b"d/a/", "gone", True)}


def test_what_was_racy_is_reported_again() -> None:
    """It may have changed within the same tick; a record made later is not racy any more."""
    racy, calm = record(a=CONTENT | FILE | RACY), record(a=CONTENT | FILE)

    assert found(racy, racy) == {(b"d/a", "changed", False)}
    assert found(racy, calm) == {(b"d/a", "changed", False)}
    assert found(calm, racy) == set()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (2 * RACY, 2 * RACY, set()),
        (2 * RACY, 4 * RACY, {(b"d/a", "changed", False)}),
        (3 * RACY, 3 * RACY, {(b"d/a", "changed", False)}),
    ],
    ids=["nothing came or went", "perhaps another file came", "the directory itself is racy"],
)
def test_where_times_are_fine_only_another_file_may_have_the_same(
    before: int, now: int, expected: set[tuple[bytes, str, bool]]
) -> None:
    """It cannot come without a change of the directory's own times."""
    inodes, signatures = array("I", [1, 2]), array("q", [CONTENT | FILE | RACY, CONTENT | FILE])
    other = array("q", [CONTENT | FILE | RACY, 2 * CONTENT | FILE])
    racy = pack(b"a\0b", signatures, inodes, before, is_fine=True)

    assert found(racy, pack(b"a\0b", other, inodes, now)) == expected | {(b"d/b", "changed", True)}


def test_in_a_directory_that_is_racy_itself_fine_times_say_nothing() -> None:
    """Not even if the records are the same: the directory may have changed within the same tick."""
    entry = array("I", [1]), array("q", [CONTENT | FILE | RACY])
    racy = pack(b"a", entry[1], entry[0], 2 * CONTENT | RACY, is_fine=True)
    calm = pack(b"a", entry[1], entry[0], 2 * CONTENT, is_fine=True)

    assert found(racy, racy) == {(b"d/a", "changed", False)}
    assert found(calm, calm) == set()


def test_what_was_racy_and_is_different_has_changed_for_certain() -> None:
    """Then the change is certain."""
    racy, other = record(a=CONTENT | FILE | RACY), record(a=2 * CONTENT | FILE)

    assert found(racy, other) == {(b"d/a", "changed", True)}


def test_one_more_name_elsewhere_is_no_difference_here() -> None:
    """The new name changes the file's change time, and that is in the signature."""
    one, two = record(a=CONTENT | FILE), record(a=CONTENT | FILE | LINKED)

    assert found(one, two) == set()


def test_a_directory_that_could_not_be_read_had_nothing() -> None:
    """Everything that is found later is new."""
    assert found(UNREAD, record(a=CONTENT | FILE)) == {(b"d/a", "new", True)}
    assert differences(b"", UNREAD, UNREAD) == []


@pytest.mark.parametrize("name", [b"a\nb", b"\xff", b" ", b'"', b"a" * 255])
def test_names_are_bytes(name: bytes) -> None:
    """Whatever they hold."""
    now = pack(name + b"/", array("q", [CONTENT | DIRECTORY]), array("I", [1]))

    assert differences(b"", UNREAD, now) == [Difference(name + b"/", Kind.NEW)]
    assert subdirectories(now) == [name + b"/"]
