"""What is remembered is stored, and read again by the same version alone."""

from pathlib import Path

import pytest

from fsmond.watchman.trees import stored
from fsmond.watchman.trees.entry import unknown
from fsmond.watchman.trees.stored import Stored, load, save

VIEW = Stored("fsmond:00000000deadbeef:7", 7, 3, ("00000000deadbeef",), [unknown(b"a", 7)])


def test_it_is_the_same_when_it_is_read(tmp_path: Path) -> None:
    """Entries included; nobody else can read it."""
    path = tmp_path / "folder" / "file"

    save(str(path), VIEW)

    assert load(str(path)) == VIEW
    assert not path.stat().st_mode & 0o077 or path.stat().st_mode & 0o777 == 0o666  # on Windows
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_nothing_stored_is_nothing(tmp_path: Path) -> None:
    """And no error."""
    assert load(str(tmp_path / "none")) is None


def test_any_damage_is_noticed(tmp_path: Path) -> None:
    """Each byte, and each length."""
    path = tmp_path / "file"
    save(str(path), VIEW)
    data = path.read_bytes()

    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes((data[at] ^ 0x20,)) + data[at + 1 :])
        assert load(str(path)) is None, at
        path.write_bytes(data[:at])
        assert load(str(path)) is None, at


def test_another_layout_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another version of Python or of fsmond."""
    save(str(tmp_path / "file"), VIEW)
    monkeypatch.setattr(stored, "_LAYOUT", b"another")

    assert load(str(tmp_path / "file")) is None


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    """The server goes on without; here a file is in the place of the folder."""
    (tmp_path / "file").touch()

    save(str(tmp_path / "file" / "below"), VIEW)
