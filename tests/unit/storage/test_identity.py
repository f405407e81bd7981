"""Which tree a stored history belongs to."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from support.systems import needs_links, needs_names_of_any_bytes

from fsmond.storage.identity import identity_of, why_not_comparable

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file handles")


def identity(path: Path) -> dict[str, object]:
    """Return the identity of a directory on a file system that has a name."""
    return identity_of(os.fsencode(path), "ext4")


def handle_of(path: bytes) -> object:
    """Return the handle of a directory; None if its file system has none."""
    return identity_of(path, None)["handle"]


def differing(one: dict[str, object], other: dict[str, object]) -> set[str]:
    """Return the names of the fields that differ."""
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


def test_a_tree_keeps_its_identity_while_it_changes(tmp_path: Path) -> None:
    """Else no history could be used again."""
    before = identity(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "file").touch()
    tmp_path.chmod(0o700)

    assert identity(tmp_path) == before


def test_a_tree_that_moves_gets_another_path_only(tmp_path: Path) -> None:
    """A moved tree could be compared, but clients know it by its path."""
    (tmp_path / "old").mkdir()
    before = identity(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")

    assert differing(before, identity(tmp_path / "new")) == {"path"}


def test_a_copy_at_the_same_path_is_another_tree(tmp_path: Path) -> None:
    """Its files have other inodes; `cp -a` copies all that a file's owner can set."""
    root = tmp_path / "root"
    root.mkdir()
    before = identity(root)
    shutil.copytree(root, tmp_path / "copy")
    root.rename(tmp_path / "old")
    (tmp_path / "copy").rename(root)

    assert "inode" in differing(before, identity(root))


@linux_only
def test_a_directory_that_got_a_used_inode_number_is_another_tree(tmp_path: Path) -> None:
    """File systems give the number of a removed directory to the next one."""
    root = tmp_path / "root"
    known: dict[object, list[object]] = {}
    for _ in range(100):
        root.mkdir()
        found = identity(root)
        if found["handle"] is None:
            pytest.skip("this file system has no handles")
        if found["inode"] in known:
            assert found["handle"] not in known[found["inode"]]
        known.setdefault(found["inode"], []).append(found["handle"])
        root.rmdir()


@linux_only
def test_a_handle_is_the_directorys_not_the_names(tmp_path: Path) -> None:
    """It says the same after a rename, and differs between directories."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    handle = handle_of(os.fsencode(one))
    if handle is None:
        pytest.skip("this file system has no handles")
    one.rename(tmp_path / "renamed")

    assert handle_of(os.fsencode(tmp_path / "renamed")) == handle
    assert handle_of(os.fsencode(other)) != handle


@linux_only
@needs_names_of_any_bytes
def test_a_handle_is_found_by_any_name(tmp_path: Path) -> None:
    """Paths are bytes."""
    path = os.path.join(os.fsencode(tmp_path), b"\xff\n\xfe")
    os.mkdir(path)
    parent = handle_of(os.fsencode(tmp_path))

    assert (handle_of(path) is None) == (parent is None)
    assert parent is None or handle_of(path) != parent


@needs_links
def test_a_link_to_a_tree_has_the_trees_handle(tmp_path: Path) -> None:
    """As all other fields, except the path, which is resolved before."""
    (tmp_path / "root").mkdir()
    (tmp_path / "link").symlink_to("root")

    assert differing(identity(tmp_path / "root"), identity(tmp_path / "link")) == {"path"}


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_file_system_without_handles_has_none() -> None:
    """That is no reason not to store anything."""
    assert identity_of(b"/proc", "proc")["handle"] is None


def test_a_tree_that_is_gone_has_no_identity(tmp_path: Path) -> None:
    """There is nothing to store."""
    with pytest.raises(FileNotFoundError):
        identity(tmp_path / "gone")


def test_the_device_is_no_part_of_an_identity(tmp_path: Path) -> None:
    """Its number may change when the machine restarts."""
    assert identity(tmp_path).keys() == {"path", "inode", "handle", "owner", "file system"}


@needs_names_of_any_bytes
def test_an_identity_stays_the_same_when_it_is_stored(tmp_path: Path) -> None:
    """It is stored as JSON, and a path may be no text."""
    path = os.path.join(os.fsencode(tmp_path), b'\xff\n"\xfe')
    os.mkdir(path)
    found = identity_of(path, None)

    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("name", [None, "ext4", "btrfs", "tmpfs", "overlay", "xfs", "zfs", "nfs4"])
def test_file_systems_whose_numbers_last_are_comparable(name: str | None) -> None:
    """None is for systems where nobody asks."""
    assert why_not_comparable(name) is None


@pytest.mark.parametrize(
    "name", ["vfat", "exfat", "fuse.sshfs", "cifs", "9p", "unknown", "", "ext", "ext2 ext3"]
)
def test_any_other_file_system_is_named_as_the_reason(name: str) -> None:
    """It makes up inode numbers, or is not known."""
    reason = why_not_comparable(name)

    assert reason is not None
    assert name in reason
