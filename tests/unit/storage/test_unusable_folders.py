"""Nothing can be stored in a folder: `open` says why."""

import errno
import os
import sys
from pathlib import Path

import pytest
from support.other_user import OTHER_UID, is_root, needs_root
from support.stored import IDENTITY
from support.systems import needs_links, needs_modes, unix_only

from fsmond.storage.file import (
    LOCK,
    BusyError,
    HistoryFile,
    UnusableError,
)


def reason_of(folder: Path) -> str:
    """Return why it is unusable; check that nothing stays open."""
    file = HistoryFile(str(folder), IDENTITY)
    try:
        with pytest.raises(UnusableError) as caught:
            file.open()
    finally:
        file.close()
    assert not isinstance(caught.value, BusyError)
    return str(caught.value)


@needs_links
@unix_only
def test_a_link_is_unusable(folder: Path, tmp_path: Path) -> None:
    """It may lead to any folder, and what is there would be overwritten."""
    (tmp_path / "target").mkdir()
    folder.symlink_to("target")

    assert reason_of(folder) == f"{folder} is a symbolic link"
    assert os.listdir(tmp_path / "target") == []


@needs_links
@unix_only
def test_a_link_that_leads_nowhere_is_unusable(folder: Path, tmp_path: Path) -> None:
    """Nothing is made where it leads."""
    folder.symlink_to("target")

    assert reason_of(folder) == f"{folder} is a symbolic link"
    assert not (tmp_path / "target").exists()


def test_a_file_is_unusable(folder: Path) -> None:
    """It is not removed: it is not ours."""
    folder.write_text("precious")

    assert reason_of(folder) == f"{folder} is a file"
    assert folder.read_text() == "precious"


@needs_modes
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_may_write_to_is_unusable(folder: Path, mode: int) -> None:
    """They could put another file there."""
    folder.mkdir()
    folder.chmod(mode)

    assert reason_of(folder) == f"other users may write to {folder}"
    assert os.listdir(folder) == []


@needs_root
def test_another_users_folder_is_unusable(folder: Path) -> None:
    """Its owner may do anything there."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such files")
    folder.mkdir()
    os.chown(folder, OTHER_UID, OTHER_UID)

    assert reason_of(folder) == f"{folder} belongs to another user"


def test_a_folder_without_a_parent_is_unusable(folder: Path) -> None:
    """The tree's git directory may be gone; it is not made again."""
    assert reason_of(folder / "deep").startswith(str(folder / "deep"))
    assert not folder.exists()


@needs_modes
@pytest.mark.skipif(is_root, reason="root may write anywhere")
def test_a_folder_that_cannot_be_made_is_unusable(folder: Path) -> None:
    """As in a repository on a read-only medium."""
    folder.mkdir(mode=0o500)

    assert reason_of(folder / "deep") == f"{folder / 'deep'}: {os.strerror(errno.EACCES)}"


@needs_links
@unix_only
def test_a_link_in_the_place_of_the_lock_is_unusable(folder: Path, tmp_path: Path) -> None:
    """It is not followed, and nothing is made where it leads."""
    folder.mkdir(mode=0o700)
    (folder / LOCK).symlink_to(tmp_path / "victim")

    assert os.strerror(errno.ELOOP) in reason_of(folder)
    assert not (tmp_path / "victim").exists()
