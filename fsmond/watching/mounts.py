"""Which file systems are mounted in a tree: some tell nobody what others change in them."""

import sys

assert sys.platform == "linux"

import os
import re
from typing import NamedTuple

# By their names in /proc: what is changed on another machine, by a host, or behind a program's
# back, causes no event here.  fuseblk is for local disks, and is not meant.
_WITHOUT_EVENTS = (
    "9p acfs afs beegfs ceph cifs coda davfs drvfs fuse gfs2 glusterfs gpfs kafs lustre ncpfs nfs "
    "nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb2 smb3 smbfs vboxsf virtiofs vmhgfs"
)
_INFO = "/proc/self/mountinfo"
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """Something mounted; another one, if anything in it differs."""

    identity: bytes
    type: bytes

    @property
    def has_events(self) -> bool:
        """Say whether changes to it are told, whoever makes them."""
        name = self.type.partition(b".")[0].decode(errors="replace")
        return name not in _WITHOUT_EVENTS.split()


class Mounts:
    """What is mounted below a directory, and what that is on; not thread-safe.

    Raises nothing where there is no such list: then nothing is known to be mounted.
    """

    def __init__(self, root: bytes, source: str = _INFO) -> None:
        self._root = root.rstrip(b"/") + b"/"
        self.below: dict[bytes, Mount] = {}
        """By prefix: the path relative to the root, with a `/` behind."""
        self.root: Mount | None = None
        """What the root is on."""
        try:
            self._descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            # The kernel says it once to each that asks, so who waits needs one of his own.
            self._bell = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = self._bell = -1
            return
        self._read()

    def news(self) -> set[bytes]:
        """Return the prefixes where something was mounted or unmounted since the last call."""
        if self._descriptor == -1:
            return set()
        before = self.below
        self._read()
        return {prefix for prefix, _ in before.items() ^ self.below.items()}

    def fileno(self) -> int:
        """Return a descriptor that has POLLPRI once when there are `news`; -1 if there never are.

        For who asks; `bell` is another one, for who waits.
        """
        return self._descriptor

    @property
    def bell(self) -> int:
        """See `fileno`."""
        return self._bell

    def is_blind(self, prefix: bytes) -> bool:
        """Say whether something is mounted right there that does not tell what changes."""
        mount = self.below.get(prefix)
        return mount is not None and not mount.has_events

    def close(self) -> None:
        """Ask no more.  Harmless when repeated."""
        for descriptor in {self._descriptor, self._bell} - {-1}:
            os.close(descriptor)
        self._descriptor = self._bell = -1

    def _read(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._descriptor, 1 << 16), b""))
        self.below, holds = {}, b""
        for line in text.splitlines():
            fields, _, rest = line.partition(b" - ")
            number, _, device, _, at = fields.split(b" ", 5)[:5]
            place = _ESCAPED.sub(lambda code: bytes([int(code[1], 8)]), at).rstrip(b"/") + b"/"
            mount = Mount(number + b" " + device, rest.split(b" ", 1)[0])
            if place.startswith(self._root) and place != self._root:
                self.below[place[len(self._root) :]] = mount
            elif self._root.startswith(place) and len(place) >= len(holds):
                self.root, holds = mount, place
