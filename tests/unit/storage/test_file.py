"""The file of one tree's history: it holds the old or the new."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.stored import IDENTITY, number_in, pieces
from support.systems import needs_modes

from fsmond.storage import file as file_module
from fsmond.storage import format as format_
from fsmond.storage.file import (
    LOCK,
    NAME,
    NEW,
    HistoryFile,
)


class LimitedWrites:
    """The real `os`, but the disk is full after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write what fits; fail if nothing does."""
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, data[: self.room])
        self.room -= written
        return written


def test_at_first_there_is_none(file: HistoryFile) -> None:
    """That is no error: each tree is new once."""
    assert file.read() is None
    assert file.size == 0


def test_what_was_stored_is_read_by_the_next(folder: Path, file: HistoryFile) -> None:
    """That is what it is for."""
    file.replace(pieces(1))
    file.append(pieces(2))
    file.append(pieces(3))
    file.close()

    after = HistoryFile(str(folder), IDENTITY)
    stored = after.read()

    assert stored is not None
    assert stored.identity == IDENTITY
    assert stored.state == {"number": 3}
    assert stored.sequences == {b"1": 1, b"2": 2, b"3": 3}
    assert after.size == file.size == (folder / NAME).stat().st_size


def test_its_growth_is_known(folder: Path, file: HistoryFile) -> None:
    """The caller decides by it when to replace the file."""
    file.replace(pieces(1))
    base = file.size
    file.append(pieces(2))

    assert file.base == base < file.size == file.written
    file.replace(pieces(3))
    assert file.base == file.size == (folder / NAME).stat().st_size
    assert file.written == 2 * base + len(b"".join(pieces(2)))


def test_to_replace_it_drops_what_was_there(file: HistoryFile) -> None:
    """Otherwise it would grow for ever."""
    file.replace(pieces(1))
    file.append(pieces(2))
    file.replace(pieces(3))

    stored = file.read()

    assert stored is not None
    assert stored.sequences == {b"3": 3}


def test_one_that_was_read_can_be_appended_to(folder: Path, file: HistoryFile) -> None:
    """A daemon continues the file of the one before."""
    file.replace(pieces(1))
    file.close()
    after = HistoryFile(str(folder), IDENTITY)
    after.open()
    try:
        after.read()
        after.append(pieces(2))

        assert number_in(after) == 2
    finally:
        after.close()


@pytest.mark.parametrize("tail", [b"\0", b"".join(pieces(9)[:-1]), b"".join(pieces(9))[:-1]])
def test_a_part_of_a_transaction_is_cut_by_the_next(
    folder: Path, file: HistoryFile, tail: bytes
) -> None:
    """A process ended while it was writing; what follows must not stand behind that."""
    file.replace(pieces(1))
    with open(folder / NAME, "ab") as torn:
        torn.write(tail)
    assert number_in(file) == 1

    file.append(pieces(2))

    assert number_in(file) == 2
    assert (folder / NAME).stat().st_size == file.size


def test_sync_changes_nothing(file: HistoryFile) -> None:
    """It only has the system write to the disk."""
    file.replace(pieces(1))
    file.sync()

    assert number_in(file) == 1


def test_what_a_crash_left_is_replaced(folder: Path, file: HistoryFile) -> None:
    """The new file is there before it gets its name."""
    (folder / NEW).write_bytes(b"half of it")

    file.replace(pieces(1))

    assert number_in(file) == 1
    assert not (folder / NEW).exists()


@pytest.mark.parametrize("how", ["append", "replace"])
def test_on_a_full_disk_the_old_content_stays(
    folder: Path, file: HistoryFile, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the write fails; with room again, the next one succeeds."""
    file.replace(pieces(1))
    size = file.size
    needed = len(b"".join(pieces(2))) + len(format_.beginning(IDENTITY)) * (how == "replace")
    for room in range(needed):
        monkeypatch.setattr(file_module, "os", LimitedWrites(room))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
            getattr(file, how)(pieces(2))
        monkeypatch.undo()

        assert caught.value.errno == errno.ENOSPC
        assert (folder / NAME).stat().st_size == file.size == size
        assert number_in(file) == 1
        assert sorted(os.listdir(folder)) == [NAME, LOCK]

    getattr(file, how)(pieces(2))
    assert number_in(file) == 2


def test_a_disk_may_take_less_than_is_given(
    file: HistoryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `write` may; the rest is written by another call."""

    class OneByteAtATime(LimitedWrites):
        def write(self, descriptor: int, data: memoryview) -> int:
            return os.write(descriptor, data[:1])

    monkeypatch.setattr(file_module, "os", OneByteAtATime(0))
    file.replace(pieces(1))
    file.append(pieces(2))

    assert number_in(file) == 2


@pytest.mark.parametrize("length", [0, 1, 100])
def test_to_append_to_a_file_that_others_cut_is_an_error(
    folder: Path, file: HistoryFile, length: int
) -> None:
    """Behind a gap, a transaction would be damage."""
    file.replace(pieces(1))
    os.truncate(folder / NAME, length)

    with pytest.raises(OSError, match="another program"):
        file.append(pieces(2))
    assert (folder / NAME).stat().st_size == length


def test_to_append_to_a_file_that_is_gone_makes_none(folder: Path, file: HistoryFile) -> None:
    """It would have no beginning."""
    file.replace(pieces(1))
    (folder / NAME).unlink()

    with pytest.raises(FileNotFoundError):
        file.append(pieces(2))
    assert not (folder / NAME).exists()


@needs_modes
@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_only_the_owner_has_access(folder: Path, mask: int) -> None:
    """The names of all files are in it."""
    file = HistoryFile(str(folder), IDENTITY)
    before = os.umask(mask)
    try:
        file.open()
        file.replace(pieces(1))
    finally:
        os.umask(before)
        file.close()

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert modes == {NAME: 0o600, LOCK: 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
