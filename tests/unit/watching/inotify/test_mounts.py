"""Tests for fsmond.watching.inotify.mounts."""

import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("needs Linux", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.inotify.mounts import Mount, Mounts

INFO = r"""
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 21 0:5 / /dev rw - devtmpfs none rw
30 21 0:40 / /home rw shared:7 master:3 - btrfs /dev/vdb rw,subvol=/
31 30 0:41 / /home/tree/with\040space rw - nfs4 server:/export rw
32 30 0:42 / /home/tree/sub rw - fuse.sshfs you@there: rw
33 32 0:43 / /home/tree/sub/local rw - tmpfs tmpfs rw
34 30 0:44 / /home/treeless rw - cifs //server/share rw
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Write a list like the kernel's."""
    (tmp_path / "mountinfo").write_text(INFO.lstrip())
    return str(tmp_path / "mountinfo")


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        (b"/home/tree", b"btrfs"),
        (b"/", b"ext4"),
        (b"/home/tree/sub", b"fuse.sshfs"),
        (b"/home/tree/sub/local/x", b"tmpfs"),
        (b"/home/treeless/x", b"cifs"),
    ],
)
def test_the_root_is_on_the_innermost_mount(source: str, root: bytes, kind: bytes) -> None:
    """Also if it is a mount point itself."""
    mounts = Mounts(root, source)

    assert mounts.root is not None
    assert mounts.root.type == kind
    mounts.close()


def test_mounts_below_are_known_by_prefix(source: str) -> None:
    """A name may hold a space, which the kernel escapes."""
    mounts = Mounts(b"/home/tree", source)

    assert set(mounts.below) == {b"with space/", b"sub/", b"sub/local/"}
    without = [prefix for prefix in mounts.below if mounts.lacks_events(prefix)]
    assert sorted(without) == [b"sub/", b"with space/"]
    assert not mounts.lacks_events(b"dir/")
    mounts.close()


@pytest.mark.parametrize(
    "kind",
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "9p",
        "fuse",
        "fuse.sshfs",
        "virtiofs",
        "afs",
        "drvfs",
        "vboxsf",
        "fuse.glusterfs",
    ],
)
def test_file_systems_without_all_events_are_known(kind: str) -> None:
    """Changes are made on another machine, or behind a server's back."""
    assert not Mount(b"", kind.encode()).has_events


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "vfat", "ntfs3"]
)
def test_local_file_systems_have_events(kind: str) -> None:
    """All changes go through this kernel."""
    assert Mount(b"", kind.encode()).has_events


def test_without_a_list_nothing_is_known(tmp_path: Path) -> None:
    """As in some containers."""
    mounts = Mounts(b"/home/tree", str(tmp_path / "nowhere"))

    assert (mounts.root, mounts.below, mounts.take_changes()) == (None, {}, set())
    mounts.close()
    mounts.close()
