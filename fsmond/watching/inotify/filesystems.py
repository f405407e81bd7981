"""Find the file system of a directory if the list of mounts is of no help."""

import sys

assert sys.platform == "linux"

import ctypes
import os

# The magic numbers in statfs(2) of file systems that only this kernel changes.
_LOCAL = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # xfs
        0x9123683E,  # btrfs
        0x01021994,  # tmpfs
        0x858458F6,  # ramfs
        0x794C7630,  # overlay
        0x2FC12FC1,  # zfs
        0xF2F52010,  # f2fs
        0xCA451A4E,  # bcachefs
        0x4D44,  # vfat
        0x2011BAB0,  # exfat
        0x7366746E,  # ntfs3
        0x3153464A,  # jfs
        0x52654973,  # reiserfs
        0x3434,  # nilfs2
        0x73717368,  # squashfs
        0xE0F5E1E2,  # erofs
        0x9660,  # iso9660
        0xF15F,  # ecryptfs
    }
)
_ROOM = 512  # bytes; a `struct statfs` takes 120


def is_local(path: bytes) -> bool:
    """Return whether a directory is on a file system that only this kernel is known to change."""
    buffer = ctypes.create_string_buffer(_ROOM)
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(path), buffer) != 0:
        return False
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF in _LOCAL
