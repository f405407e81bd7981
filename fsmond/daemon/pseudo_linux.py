"""Which directories hold no files, but show what the kernel knows: there is nothing to watch."""

import sys

assert sys.platform == "linux"

import os

_MOUNTS = "/proc/self/mountinfo"
_PLACES = (b"/proc", b"/sys", b"/dev")  # where the list of mounts may say less, or not be there
_KINDS = (
    b"autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl "
    b"hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs"
).split()


def pseudo_kind(root: bytes, mounts: str = _MOUNTS) -> bytes | None:
    """Return which such file system a directory is on, or is; None if it has files."""
    if root in _PLACES:
        return root[1:]
    device = os.stat(root).st_dev
    if os.major(device):
        return None  # it is on a disk
    mark = b"%d:%d" % (os.major(device), os.minor(device))
    try:
        with open(mounts, "rb", buffering=0) as file:
            text = b"".join(iter(lambda: file.read(1 << 16), b""))
    except OSError:
        return root.split(b"/")[1] if root.startswith((b"/proc/", b"/sys/")) else None
    for line in text.split(b"\n"):
        mount, found, source = line.partition(b" - ")
        if found and mount.split(b" ", 3)[2:3] == [mark]:
            kind = source.partition(b" ")[0]
            return kind if kind in _KINDS else None
    return None
