"""Which tree a stored history belongs to: not to a copy of it, nor to another at its path."""

import os
import sys

if sys.platform == "linux":
    from fsmond.storage.handle_linux import handle_of
else:

    def handle_of(root: bytes) -> str | None:  # noqa: ARG001 - there are none
        """Return None: inode numbers are not used again."""
        return None


# File systems, by their names in /proc, whose inode numbers and times stay when they are mounted
# again.  FAT, FUSE and SMB make up inode numbers; what is not listed is not known.
_LASTING = (
    "bcachefs btrfs ext2 ext3 ext4 f2fs jfs nfs nfs4 nilfs2 ntfs3 overlay ramfs reiserfs tmpfs "
    "ubifs xfs zfs"
)


def identity_of(root: bytes, file_system: str | None) -> dict[str, object]:
    """Return what tells a tree from others; raise OSError if it is gone.

    `file_system`: its type, if known.  The number of its device is left out: it may change when
    the system is restarted.
    """
    status = os.stat(root)
    return {
        "path": os.fsdecode(root),
        "inode": status.st_ino,
        "handle": handle_of(root),
        "owner": status.st_uid,
        "file system": file_system,
    }


def why_not_comparable(file_system: str | None) -> str | None:
    """Return why a tree cannot be compared with what was stored of it; None if it can."""
    if file_system is None or file_system in _LASTING.split():
        return None
    return f"the inode numbers of the file system, {file_system}, may not last"
