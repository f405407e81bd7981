"""Which file systems are mounted in a tree: some tell nobody what others change in them."""

import sys

assert sys.platform == "linux"

import logging
import os
import re
import stat
from typing import NamedTuple

# By their names in /proc: what is changed on another machine, by a host, or behind a program's
# back, causes no event here.  On fuseblk, as NTFS may be, a file that is removed while it is open
# gets another name, of which no event tells.
_WITHOUT_EVENTS = (
    "9p acfs afs beegfs ceph cifs coda davfs drvfs fuse fuseblk gfs2 glusterfs gpfs kafs lustre "
    "ncpfs nfs nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb2 smb3 smbfs vboxsf virtiofs vmhgfs"
)
_INFO = "/proc/self/mountinfo"
_LOOPS = "/sys/block"
# The kernel escapes space, tab, newline and backslash, and nothing else: see proc(5).
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_LOOP = re.compile(r"loop[0-9]+")
_PIECE = 1 << 16  # bytes
_FIELDS = 6  # at least, before what is optional
_NAMED = 5  # lines that are not understood, and are logged

_log = logging.getLogger(__name__)


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

    Raises nothing where there is no such list; then `is_known` says so.
    """

    def __init__(self, root: bytes, source: str = _INFO, loops: str = _LOOPS) -> None:
        self._root = root.rstrip(b"/") + b"/"
        self._loops = loops
        self.below: dict[bytes, Mount] = {}
        """By prefix: the path relative to the root, with a `/` behind."""
        self.files: dict[bytes, str] = {}
        """Files whose changes no event tells, by their path relative to the root: and why."""
        self.root: Mount | None = None
        """What the root is on; None if that is not known."""
        self.is_stale = False
        """To be set when `news` should be asked for: paths move when a directory is renamed."""
        try:
            self._descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            # The kernel says it once to each that asks, so who waits needs one of his own.
            self._bell = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            self._read()
        except OSError as error:
            _log.warning("cannot read what is mounted: %s", error)
            self.close()

    @property
    def is_known(self) -> bool:
        """Say whether what is mounted can be read."""
        return self._descriptor != -1

    def news(self) -> set[bytes]:
        """Return the prefixes where something was mounted or unmounted since the last call."""
        self.is_stale = False
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
        for name in ("_descriptor", "_bell"):
            descriptor = getattr(self, name, -1)
            setattr(self, name, -1)
            if descriptor != -1:
                os.close(descriptor)

    def _read(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._descriptor, _PIECE), b""))
        self.below, holds, bad = {}, b"", 0
        for line in text.split(b"\n"):
            found = _parsed(line)
            if found is None:
                bad += bool(line)
                if line and bad <= _NAMED:
                    _log.warning("not understood, and passed over, in mountinfo: %r", line)
                continue
            place, mount = found
            if place.startswith(self._root) and place != self._root:
                self.below[place[len(self._root) :]] = mount
            elif self._root.startswith(place) and len(place) >= len(holds):
                self.root, holds = mount, place
        self.files = {**self._mounted_files(), **self._images()}

    def _mounted_files(self) -> dict[bytes, str]:
        """Return where a file is mounted on a file: events name the place that it is from."""
        return {
            prefix[:-1]: "a file is mounted there, whose events name another place"
            for prefix in self.below
            if not self.is_blind(prefix) and _is_file(self._root + prefix[:-1])
        }

    def _images(self) -> dict[bytes, str]:
        """Return the files in the tree to which a loop device writes, of which no event tells."""
        found = {}
        try:
            devices = [name for name in os.listdir(self._loops) if _LOOP.fullmatch(name)]
        except OSError:
            return {}
        for name in devices:
            file = os.path.join(self._loops, name, "loop", "backing_file")
            path = _text(file).removesuffix(b"\n")
            if path.startswith(self._root):
                found[path[len(self._root) :]] = f"{name} writes to it, which causes no event"
        return found


def _parsed(line: bytes) -> tuple[bytes, Mount] | None:
    """Read a line of proc(5), "mountinfo": the place, with a `/` behind, and what is there."""
    fields, found, rest = line.partition(b" - ")
    parts = fields.split(b" ")
    kind = rest.split(b" ", 1)[0]
    if not found or len(parts) < _FIELDS or not kind or not parts[4].startswith(b"/"):
        return None
    number, _, device, _, at = parts[:5]
    place = _ESCAPED.sub(lambda code: bytes([int(code[1], 8) & 0xFF]), at)
    return place.rstrip(b"/") + b"/", Mount(number + b" " + device, kind)


def _is_file(path: bytes) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _text(path: str) -> bytes:
    """Return what a file of the kernel's holds; nothing if it is not there."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_PIECE)
    except OSError:
        return b""
