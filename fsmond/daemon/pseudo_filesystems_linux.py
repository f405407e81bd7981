"""Directories without real files, such as `/proc`: they show the kernel's state, without events."""

import sys

assert sys.platform == "linux"

import os

_MOUNTS = "/proc/self/mountinfo"
_KNOWN = (b"/proc", b"/sys", b"/dev")  # the list of mounts may be incomplete or missing
_TYPES = (
    b"autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl "
    b"hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs"
).split()


def pseudo_filesystem_type(root: bytes, mounts: str = _MOUNTS) -> bytes | None:
    """Return the type of the pseudo file system that holds a directory; None if it holds files."""
    if root in _KNOWN:
        return root[1:]
    device = os.stat(root).st_dev
    if os.major(device):
        return None  # it is on a disk
    number = b"%d:%d" % (os.major(device), os.minor(device))
    try:
        with open(mounts, "rb", buffering=0) as file:
            text = b"".join(iter(lambda: file.read(1 << 16), b""))
    except OSError:
        return root.split(b"/")[1] if root.startswith((b"/proc/", b"/sys/")) else None
    for line in text.split(b"\n"):
        mount, found, source = line.partition(b" - ")
        if found and mount.split(b" ", 3)[2:3] == [number]:
            type_ = source.partition(b" ")[0]
            return type_ if type_ in _TYPES else None
    return None
