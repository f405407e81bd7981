"""Folders that are private to a user."""

import os
import stat
import sys
from pathlib import Path

import pytest

from fsmond import folders
from fsmond.errors import PathError

if sys.platform == "win32":
    pytest.skip("Windows protects the folders", allow_module_level=True)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
NOBODY = 65534


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the mode of `/tmp` that is used instead of it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(folders, "_TEMPORARY", str(folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    return folder


@pytest.fixture
def base(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only base for the user's folder; it does not exist yet."""
    base = temporary / f"runtime-{os.geteuid()}"
    monkeypatch.setattr(folders, "_bases", lambda: [str(base)])
    return base


def test_a_folder_is_made_private(base: Path) -> None:
    """So are missing folders above it; otherwise it would be refused the next time."""
    folder = folders.runtime_folders()[0]

    os.umask(os.umask(0))
    folders.make(folder)

    assert folder == str(base / "fsmond")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (base, base / "fsmond")] == [0o700] * 2
    assert folders.runtime_folders() == [folder]
    folders.make(folder)


@as_root
def test_a_directory_of_another_user_is_refused(base: Path) -> None:
    """That user could answer instead of our daemon; the name is predictable."""
    base.mkdir(mode=0o700)
    os.chown(base, NOBODY, NOBODY)

    with pytest.raises(PathError, match="set XDG_RUNTIME_DIR") as caught:
        folders.runtime_folders()

    assert str(base) in str(caught.value)
    with pytest.raises(PermissionError, match="another user"):
        folders.make(str(base / "fsmond"))


@as_root
def test_a_link_of_another_user_is_not_followed(base: Path, tmp_path: Path) -> None:
    """It may lead to our own files, where we do not want to write."""
    (tmp_path / "ours").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "ours")
    os.lchown(base, NOBODY, NOBODY)

    with pytest.raises(PathError):
        folders.runtime_folders()
    with pytest.raises(PermissionError):
        folders.make(str(base / "fsmond"))

    assert list((tmp_path / "ours").iterdir()) == []


@pytest.mark.parametrize("which", ["", "fsmond"])
def test_a_directory_that_others_may_write_to_is_refused(base: Path, which: str) -> None:
    """They could put their own socket there."""
    (base / "fsmond").mkdir(parents=True, mode=0o700)
    (base / which).chmod(0o777)

    with pytest.raises(PathError):
        folders.runtime_folders()
    with pytest.raises(PermissionError, match="other users may write"):
        folders.make(str(base / "fsmond"))


def test_a_directory_that_others_may_only_read_is_accepted(base: Path) -> None:
    """Earlier versions made it so."""
    (base / "fsmond").mkdir(parents=True)
    base.chmod(0o755)

    assert folders.runtime_folders() == [str(base / "fsmond")]


@pytest.mark.usefixtures("temporary")
def test_our_own_links_are_followed(tmp_path: Path) -> None:
    """People move their caches and states to other disks."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "state").symlink_to("disk")

    folders.make(str(tmp_path / "state" / "fsmond" / "log"))

    assert (tmp_path / "disk" / "fsmond" / "log").is_dir()


@pytest.mark.usefixtures("temporary")
def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    """It must not be followed for ever."""
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(OSError, match="symbolic links"):
        folders.make(str(tmp_path / "loop" / "fsmond"))


def test_the_environment_is_the_last_resort(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without another folder, as in some sandboxes, people can set XDG_RUNTIME_DIR."""
    temporary.chmod(0o777)
    (tmp_path / "own").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "own"))

    assert folders.runtime_folders()[-1] == str(tmp_path / "own" / "fsmond")


def test_home_does_not_depend_on_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`sudo -E` keeps another user's HOME."""
    monkeypatch.setenv("HOME", "/somewhere")

    assert folders.home() != "/somewhere"
