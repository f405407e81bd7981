"""Folders that are one user's alone."""

import os
import stat
import sys
from pathlib import Path

import pytest

from fsmond import folders
from fsmond.errors import PathError

if sys.platform == "win32":
    pytest.skip("the system sees to it there", allow_module_level=True)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
NOBODY = 65534


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is used in the place of `/tmp`, and is like it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(folders, "_TEMPORARY", str(folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    return folder


@pytest.fixture
def base(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the user's own directory is to be: the only one."""
    base = temporary / f"runtime-{os.geteuid()}"
    monkeypatch.setattr(folders, "_bases", lambda: [str(base)])
    return base


def test_a_folder_is_made_for_its_user_alone(base: Path) -> None:
    """With all above it that was not there; else it would be refused the next time."""
    folder = folders.runtime_folders()[0]

    os.umask(os.umask(0))
    folders.make(folder)

    assert folder == str(base / "fsmond")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (base, base / "fsmond")] == [0o700] * 2
    assert folders.runtime_folders() == [folder]
    folders.make(folder)


@as_root
def test_a_directory_of_another_user_is_none(base: Path) -> None:
    """He could answer in our daemon's place; the name can be known before."""
    base.mkdir(mode=0o700)
    os.chown(base, NOBODY, NOBODY)

    with pytest.raises(PathError, match="set XDG_RUNTIME_DIR") as caught:
        folders.runtime_folders()

    assert str(base) in str(caught.value)
    with pytest.raises(PermissionError, match="another user's"):
        folders.make(str(base / "fsmond"))


@as_root
def test_a_link_of_another_user_is_not_followed(base: Path, tmp_path: Path) -> None:
    """It may lead to what is ours, and where we want to write nothing."""
    (tmp_path / "ours").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "ours")
    os.lchown(base, NOBODY, NOBODY)

    with pytest.raises(PathError):
        folders.runtime_folders()
    with pytest.raises(PermissionError):
        folders.make(str(base / "fsmond"))

    assert list((tmp_path / "ours").iterdir()) == []


@pytest.mark.parametrize("which", ["", "fsmond"])
def test_a_directory_in_which_others_may_write_is_none(base: Path, which: str) -> None:
    """They could put their own socket there."""
    (base / "fsmond").mkdir(parents=True, mode=0o700)
    (base / which).chmod(0o777)

    with pytest.raises(PathError):
        folders.runtime_folders()
    with pytest.raises(PermissionError, match="others may write"):
        folders.make(str(base / "fsmond"))


def test_a_directory_that_others_may_only_read_is_one(base: Path) -> None:
    """So it was made before."""
    (base / "fsmond").mkdir(parents=True)
    base.chmod(0o755)

    assert folders.runtime_folders() == [str(base / "fsmond")]


@pytest.mark.usefixtures("temporary")
def test_our_own_links_are_followed(tmp_path: Path) -> None:
    """People put their caches and states on other disks."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "state").symlink_to("disk")

    folders.make(str(tmp_path / "state" / "fsmond" / "log"))

    assert (tmp_path / "disk" / "fsmond" / "log").is_dir()


@pytest.mark.usefixtures("temporary")
def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """Not one that goes on for ever."""
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(OSError, match="symbolic links"):
        folders.make(str(tmp_path / "loop" / "fsmond"))


def test_what_the_environment_names_is_the_last_resort(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where is nothing else, as in some sandboxes, people can help themselves."""
    temporary.chmod(0o777)
    (tmp_path / "own").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "own"))

    assert folders.runtime_folders()[-1] == str(tmp_path / "own" / "fsmond")


def test_home_is_the_users_own_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`sudo -E` keeps the one of somebody else."""
    monkeypatch.setenv("HOME", "/somewhere")

    assert folders.home() != "/somewhere"
