"""fanotify's records in inotify's form, byte for byte."""

import struct
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("needs the constants of Linux", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.fanotify import records as module
from fsmond.watching.fanotify.calls import (
    ATTRIB,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    DELETE_SELF,
    MODIFY,
    ONDIR,
    OVERFLOW,
    RENAME,
)
from fsmond.watching.fanotify.records import RecordError, Records
from fsmond.watching.inotify.calls import IGNORED, MOVED_FROM, MOVED_TO

FILE_SYSTEM = b"filesyst"
HERE, THERE, ELSEWHERE = b"\1\2\3\4\5\6\7\x08", b"\1\2\3\4\5\6\7\x09", b"\x0a" * 12
FID, DFID_NAME, OLD, NEW, ERROR = 1, 2, 10, 12, 5


def key(handle: bytes) -> bytes:
    """Return what identifies a directory: its file system, and its handle with a head."""
    return FILE_SYSTEM + struct.pack("=Ii", len(handle), 1) + handle


def info(handle: bytes, name: bytes, kind: int = DFID_NAME) -> bytes:
    """Return an information record; its end is padded to four bytes, as the kernel does it."""
    data = key(handle) + name + b"\0"
    data += b"\0" * (-len(data) % 4)
    return struct.pack("=BBH", kind, 0, len(data) + 4) + data


def event(mask: int, *infos: bytes, version: int = 3) -> bytes:
    """Return an event of a group that reports handles."""
    data = b"".join(infos)
    return struct.pack("=IBBHQii", 24 + len(data), version, 0, 24, mask, -1, 1234) + data


@pytest.fixture
def records() -> Records:
    """Return what knows two directories."""
    return Records({key(HERE): -2, key(THERE): -3})


def translated(records: Records, *events: bytes) -> list[tuple[int, int, int, bytes]]:
    """Return the events as inotify has them: watch descriptor, mask, cookie, name."""
    count, data = records.translate(b"".join(events))
    assert count == len(events)
    found, at = [], 0
    while at < len(data):
        number, mask, cookie, size = struct.unpack_from("iIII", data, at)
        found.append((number, mask, cookie, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return found


@pytest.mark.parametrize("name", [b"f", b"file", b"\xff\xfe \n", b"n" * 255])
@pytest.mark.parametrize(
    "mask", [MODIFY, CLOSE_WRITE, ATTRIB, CREATE, MODIFY | CREATE | CLOSE_WRITE, CREATE | ONDIR]
)
def test_most_events_are_as_in_inotify(records: Records, mask: int, name: bytes) -> None:
    """The kernel uses the same numbers."""
    assert translated(records, event(mask, info(HERE, name))) == [(-2, mask, 0, name)]


def of_file(handle: bytes) -> bytes:
    """Return the information record of the file itself; its end is padded as well."""
    data = key(handle)
    data += b"\0" * (-len(data) % 4)
    return struct.pack("=BBH", FID, 0, len(data) + 4) + data


LINKED, UNLINKED = b"\1\2\3\4\5\6\7\x0a\x0b", b"\1\2\3\4\5\6\7\x0c"


def test_a_linked_file_that_changes_elsewhere_is_noted(records: Records) -> None:
    """Once, and no other file; an event without a name is about the file alone."""
    records.linked[key(LINKED)] = (77, b"dir/file")

    written = event(MODIFY, info(ELSEWHERE, b"name"), of_file(LINKED))
    assert translated(records, written, written, event(ATTRIB, of_file(LINKED))) == []
    assert records.take_elsewhere() == {77: b"dir/file"}
    assert records.take_elsewhere() == {}

    moved = [info(ELSEWHERE, b"one", OLD), info(ELSEWHERE, b"two", NEW), of_file(LINKED)]
    assert translated(records, event(RENAME, *moved)) == []
    assert records.take_elsewhere() == {77: b"dir/file"}

    translated(records, event(MODIFY, info(ELSEWHERE, b"name"), of_file(UNLINKED)))
    translated(records, event(ATTRIB, of_file(UNLINKED)))
    assert records.take_elsewhere() == {}


def test_a_linked_file_that_changes_in_a_known_directory_is_not_noted(records: Records) -> None:
    """Its event is reported as that of any other file."""
    records.linked[key(LINKED)] = (77, b"dir/file")

    assert translated(records, event(MODIFY, info(HERE, b"name"), of_file(LINKED))) == [
        (-2, MODIFY, 0, b"name")
    ]
    assert records.take_elsewhere() == {}


def test_a_record_without_a_length_is_refused_elsewhere_too(records: Records) -> None:
    """It would be read for ever."""
    records.linked[key(LINKED)] = (77, b"dir/file")

    with pytest.raises(RecordError, match="without a length"):
        translated(records, event(MODIFY, info(ELSEWHERE, b"name"), struct.pack("=BBH", FID, 0, 0)))


def test_what_happens_elsewhere_on_the_file_system_is_left_out(records: Records) -> None:
    """And of unknown records only their length is used."""
    elsewhere = event(CREATE, info(ELSEWHERE, b"name"))
    strange = event(MODIFY, struct.pack("=BBH4x", ERROR, 0, 8), info(THERE, b"t"))

    assert translated(records, elsewhere, strange, elsewhere) == [(-3, MODIFY, 0, b"t")]


def test_both_names_of_a_move_have_one_cookie(records: Records) -> None:
    """As the halves of a move in inotify; each move has another one."""
    move = event(RENAME, info(HERE, b"a", OLD), info(THERE, b"b", NEW))
    back = event(RENAME | ONDIR, info(THERE, b"d", OLD), info(HERE, b"e", NEW))

    assert translated(records, move, back) == [
        (-2, MOVED_FROM, 1, b"a"),
        (-3, MOVED_TO, 1, b"b"),
        (-3, MOVED_FROM | ONDIR, 2, b"d"),
        (-2, MOVED_TO | ONDIR, 2, b"e"),
    ]


def test_a_move_in_or_out_of_the_tree_has_one_name(records: Records) -> None:
    """The other one is in a directory that is not watched."""
    out = event(RENAME, info(HERE, b"a", OLD), info(ELSEWHERE, b"b", NEW))
    back = event(RENAME, info(ELSEWHERE, b"b", OLD), info(HERE, b"c", NEW))

    assert translated(records, out, back) == [(-2, MOVED_FROM, 1, b"a"), (-2, MOVED_TO, 2, b"c")]


def test_a_name_that_vanished_is_never_known_to_be_deleted(records: Records) -> None:
    """The event may stand for an earlier one of the same process."""
    assert translated(records, event(DELETE, info(HERE, b"a"))) == [(-2, MOVED_FROM, 0, b"a")]


@pytest.mark.parametrize("other", [CREATE, CREATE | MODIFY])
def test_a_name_that_came_and_went_is_looked_up(records: Records, other: int) -> None:
    """In one event, or in two, while the queue was never empty."""
    both = event(DELETE | other, info(HERE, b"a"))
    assert translated(records, both) == [(-2, other | MOVED_FROM, 0, b"a")]

    again = event(other, info(HERE, b"a"))
    assert translated(records, again) == [(-2, other | MOVED_FROM, 0, b"a")]
    records.note_empty()
    assert translated(records, again) == [(-2, other, 0, b"a")]


def test_a_name_that_is_moved_to_again_is_looked_up(records: Records) -> None:
    """It may have been moved away after that."""
    away = event(RENAME, info(HERE, b"a", OLD), info(HERE, b"b", NEW))
    back = event(RENAME, info(HERE, b"b", OLD), info(HERE, b"a", NEW))

    last = translated(records, away, back)[-1]

    assert last == (-2, CREATE | MOVED_FROM, 0, b"a")


def test_too_many_names_that_vanished_are_all_looked_up(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered has a limit."""
    monkeypatch.setattr(module, "_MAX_GONE", 3)
    gone = [event(DELETE, info(HERE, b"%d" % number)) for number in range(5)]

    translated(records, *gone)

    assert translated(records, event(CREATE, info(HERE, b"new")))[0][1] == CREATE | MOVED_FROM
    records.note_empty()
    assert translated(records, event(CREATE, info(HERE, b"new")))[0][1] == CREATE


def test_the_end_of_a_directory_is_that_of_its_watch(records: Records) -> None:
    """Its attributes have an event without a name."""
    changed = event(ATTRIB | ONDIR, info(HERE, b"."))
    ended = event(DELETE_SELF | ONDIR, info(HERE, b"."))

    assert translated(records, changed, ended) == [
        (-2, ATTRIB | ONDIR, 0, b""),
        (-2, IGNORED | ONDIR, 0, b""),
    ]
    assert records.take_ended() == [-2]
    assert records.take_ended() == []


def test_an_overflow_belongs_to_no_directory(records: Records) -> None:
    """It has no information records, wherever it stands."""
    one = event(MODIFY, info(HERE, b"a"))

    assert translated(records, event(OVERFLOW)) == [(-1, OVERFLOW, 0, b"")]
    assert translated(records, event(OVERFLOW), one)[1:] == [(-2, MODIFY, 0, b"a")]


@pytest.mark.parametrize(
    "data",
    [
        event(MODIFY, info(HERE, b"a"), version=4),
        event(RENAME, info(HERE, b"a"), version=2),
        event(RENAME, struct.pack("=BBH", OLD, 0, 0)),
    ],
)
def test_what_is_not_understood_is_an_error(records: Records, data: bytes) -> None:
    """Never silence: it may have been a change."""
    with pytest.raises(RecordError):
        records.translate(data)
