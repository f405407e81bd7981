"""Only one process uses a folder, and nothing is written or removed without its lock."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.stored import IDENTITY, number_in, pieces
from support.systems import needs_links, unix_only

from fsmond.storage.file import (
    LOCK,
    NAME,
    NEW,
    BusyError,
    HistoryFile,
    UnusableError,
    remove,
)


def test_another_one_waits_its_turn(folder: Path, file: HistoryFile) -> None:
    """Two writers would destroy each other's history."""
    other = HistoryFile(str(folder), IDENTITY)
    with pytest.raises(BusyError, match=re.escape(str(folder))):
        other.open()

    file.close()
    other.open()
    other.close()


def test_a_folder_in_use_can_be_copied(folder: Path, file: HistoryFile, tmp_path: Path) -> None:
    """People copy whole repositories while a daemon runs; the copy is not used: see `identity`."""
    file.replace(pieces(1))

    shutil.copytree(folder, tmp_path / "copy")

    assert sorted(os.listdir(tmp_path / "copy")) == sorted([LOCK, NAME])


def test_another_process_has_it_until_it_ends(folder: Path) -> None:
    """However it ends: a killed daemon frees its lock."""
    script = (
        "import sys; from fsmond.storage.file import HistoryFile\n"
        "file = HistoryFile(sys.argv[1], {}); file.open()\n"
        "print('locked', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    file = HistoryFile(str(folder), IDENTITY)
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"locked"
            with pytest.raises(BusyError):
                file.open()
        finally:
            process.kill()

    file.open()
    file.close()


def test_to_open_and_close_again_is_harmless(folder: Path, file: HistoryFile) -> None:
    """A caller need not know whether it did."""
    file.open()
    file.close()
    file.close()
    file.open()

    file.replace(pieces(1))
    assert (folder / NAME).exists()


def test_without_the_lock_nothing_is_written(folder: Path, file: HistoryFile) -> None:
    """By now another process may be the one who writes."""
    file.replace(pieces(1))
    file.close()

    for write in (file.append, file.replace):
        with pytest.raises(UnusableError):
            write(pieces(2))
    assert number_in(file) == 1
    assert sorted(os.listdir(folder)) == [NAME, LOCK]


@unix_only
@pytest.mark.parametrize("what", ["removed", "replaced", "moved", "lock removed"])
def test_after_the_folder_is_gone_nothing_is_written(
    folder: Path, tmp_path: Path, file: HistoryFile, what: str
) -> None:
    """Its git directory is being removed, or another daemon has a folder there by now."""
    file.replace(pieces(1))
    if what == "lock removed":
        (folder / LOCK).unlink()
    elif what == "moved":
        folder.rename(tmp_path / "moved")
    else:
        shutil.rmtree(folder)
    if what == "replaced":
        folder.mkdir(mode=0o700)
        (folder / LOCK).touch()
    before = sorted(tmp_path.rglob("*"))

    for write in (file.append, file.replace):
        with pytest.raises(UnusableError, match="was removed or replaced"):
            write(pieces(2))
    assert sorted(tmp_path.rglob("*")) == before


def test_all_of_it_is_removed(folder: Path, file: HistoryFile) -> None:
    """Also what a crash left."""
    file.replace(pieces(1))
    file.close()
    (folder / NEW).touch()

    remove(str(folder))

    assert not folder.exists()


def test_nothing_to_remove_is_harmless(folder: Path) -> None:
    """Nothing may have been stored."""
    remove(str(folder))
    assert not folder.exists()


def test_what_is_in_use_stays(folder: Path, file: HistoryFile) -> None:
    """Its daemon would not notice."""
    file.replace(pieces(1))

    with pytest.raises(BusyError):
        remove(str(folder))
    assert number_in(file) == 1


def test_what_is_not_ours_stays(folder: Path, file: HistoryFile) -> None:
    """The caller learns that the folder is still there."""
    file.close()
    (folder / "notes").write_text("precious")

    with pytest.raises(OSError):  # noqa: PT011 - the system's words differ
        remove(str(folder))
    assert (folder / "notes").read_text() == "precious"


@needs_links
@unix_only
def test_nothing_is_removed_through_a_link(folder: Path, tmp_path: Path) -> None:
    """Another tree's history may be there."""
    target = tmp_path / "target"
    other = HistoryFile(str(target), IDENTITY)
    other.open()
    other.replace(pieces(1))
    other.close()
    folder.symlink_to("target")

    with pytest.raises((OSError, UnusableError)):
        remove(str(folder))
    assert number_in(other) == 1
