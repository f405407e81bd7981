"""What is there must not be used: `read` says why, and `replace` puts another file there."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest
from support.other_user import OTHER_UID, needs_root
from support.stored import IDENTITY, number_in, pieces
from support.systems import needs_links, needs_modes, unix_only

from fsmond.storage.file import (
    LOCK,
    MAX_SIZE,
    NAME,
    NEW,
    HistoryFile,
    RefusedError,
)


@pytest.fixture
def stored(folder: Path, file: HistoryFile) -> Path:
    """Store something; return the path of the file."""
    file.replace(pieces(1))
    return folder / NAME


def reason_of(file: HistoryFile) -> str:
    """Return why it is refused."""
    with pytest.raises(RefusedError) as caught:
        file.read()
    return str(caught.value)


@needs_links
@unix_only
def test_a_symbolic_link_is_refused(folder: Path, file: HistoryFile, stored: Path) -> None:
    """It may lead to a file of another tree, or of another user."""
    stored.rename(folder / "elsewhere")
    stored.symlink_to("elsewhere")

    assert reason_of(file) == f"{stored} is a symbolic link"

    file.replace(pieces(2))
    assert number_in(file) == 2
    assert not stored.is_symlink()


@needs_links
@unix_only
def test_nothing_is_appended_through_a_symbolic_link(
    folder: Path, file: HistoryFile, stored: Path
) -> None:
    """It may have been put there meanwhile."""
    stored.rename(folder / "elsewhere")
    before = (folder / "elsewhere").read_bytes()
    stored.symlink_to("elsewhere")

    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        file.append(pieces(2))
    assert (folder / "elsewhere").read_bytes() == before


@needs_links
@unix_only
def test_a_link_in_the_place_of_the_new_file_is_not_followed(
    folder: Path, file: HistoryFile
) -> None:
    """Its target would be overwritten."""
    (folder / "victim").write_text("precious")
    (folder / NEW).symlink_to("victim")

    file.replace(pieces(1))

    assert (folder / "victim").read_text() == "precious"
    assert number_in(file) == 1


@unix_only
def test_a_pipe_is_refused(file: HistoryFile, stored: Path) -> None:
    """To open or read it would block for ever, as nobody writes."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such files")
    stored.unlink()
    os.mkfifo(stored)

    assert reason_of(file) == f"{stored} is neither a file nor a directory"
    with pytest.raises(OSError, match=r"another program|No such device"):
        file.append(pieces(2))

    file.replace(pieces(3))
    assert number_in(file) == 3


def test_a_directory_is_refused(file: HistoryFile, stored: Path) -> None:
    """It cannot be replaced either."""
    stored.unlink()
    stored.mkdir()

    assert str(stored) in reason_of(file)
    with pytest.raises(OSError):  # noqa: PT011 - the system's words differ
        file.replace(pieces(2))
    assert sorted(os.listdir(stored.parent)) == [NAME, LOCK]


@needs_modes
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o660])
def test_a_file_that_others_may_write_to_is_refused(
    file: HistoryFile, stored: Path, mode: int
) -> None:
    """They could hide changes from its owner."""
    stored.chmod(mode)

    assert reason_of(file) == f"other users may write to {stored}"

    file.replace(pieces(2))
    assert number_in(file) == 2
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600


@needs_modes
def test_a_file_that_others_may_read_is_used(file: HistoryFile, stored: Path) -> None:
    """Its owner may have permitted that; it does no harm."""
    stored.chmod(0o644)

    assert number_in(file) == 1


@needs_root
def test_another_users_file_is_refused(file: HistoryFile, stored: Path) -> None:
    """As in a repository that several users share."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such files")
    os.chown(stored, OTHER_UID, OTHER_UID)

    assert reason_of(file) == f"{stored} belongs to another user"


def test_a_file_that_is_too_large_is_refused(file: HistoryFile, stored: Path) -> None:
    """To read it would take all memory."""
    os.truncate(stored, MAX_SIZE + 1)  # as a hole: it takes no room

    assert reason_of(file) == f"it has {MAX_SIZE + 1} bytes: too many"

    file.replace(pieces(2))
    assert number_in(file) == 2


@pytest.mark.parametrize("name", IDENTITY)
def test_another_trees_file_is_refused(folder: Path, stored: Path, name: str) -> None:
    """The tree was copied, moved, or restored from a backup."""
    assert stored.exists()
    other = HistoryFile(str(folder), {**IDENTITY, name: "other"})

    assert reason_of(other) == f"it is of another tree: its {name} differs"
    assert other.size == 0


def test_a_file_that_lacks_a_part_of_the_identity_is_refused(folder: Path, stored: Path) -> None:
    """A release that knew less has written it."""
    assert stored.exists()
    other = HistoryFile(str(folder), {**IDENTITY, "new": 1})

    assert reason_of(other) == "it is of another tree: its new differs"


def test_a_damaged_file_is_refused(file: HistoryFile, stored: Path) -> None:
    """A checksum says so; it is not guessed what it may have been."""
    data = bytearray(stored.read_bytes())
    data[-1] ^= 1
    stored.write_bytes(data)

    assert "damaged" in reason_of(file)

    file.replace(pieces(2))
    assert number_in(file) == 2


def test_an_empty_file_is_refused(file: HistoryFile, stored: Path) -> None:
    """A power failure may leave one."""
    os.truncate(stored, 0)

    assert "damaged" in reason_of(file)
