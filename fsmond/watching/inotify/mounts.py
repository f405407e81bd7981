"""Which file systems are mounted in a tree: some do not report changes made by others."""

import sys

assert sys.platform == "linux"

import logging
import os
import re
import stat
from typing import NamedTuple

# By their names in /proc.  Changes made on another machine, by a virtual machine's host, or behind
# a FUSE server's back cause no event here.  On fuseblk, which NTFS may use, a file that is removed
# while it is open gets another name, without an event.
_WITHOUT_EVENTS = (
    "9p acfs afs beegfs ceph cifs coda davfs drvfs fuse fuseblk gfs2 glusterfs gpfs kafs lustre "
    "ncpfs nfs nfs4 ocfs2 orangefs panfs prl_fs pvfs2 smb2 smb3 smbfs vboxsf virtiofs vmhgfs"
)
_INFO = "/proc/self/mountinfo"
_LOOPS = "/sys/block"
# The kernel escapes space, tab, newline and backslash, and nothing else: see proc(5).
_ESCAPE = re.compile(rb"\\([0-7]{3})")
_LOOP = re.compile(r"loop[0-9]+")
_CHUNK = 1 << 16  # bytes
_FIELDS = 6  # the minimum, before the optional ones
_MAX_LOGGED = 5  # malformed lines that are logged

_log = logging.getLogger(__name__)


class Mount(NamedTuple):
    """A mount; different values mean that another one has replaced it."""

    identity: bytes
    type: bytes

    @property
    def has_events(self) -> bool:
        """Whether all changes cause events, including those made by others."""
        name = self.type.partition(b".")[0].decode(errors="replace")
        return name not in _WITHOUT_EVENTS.split()


class Mounts:
    """The mounts below a directory, and the one it is on; not thread-safe.

    Raises no error if the list of mounts cannot be read; then `is_readable` is false.
    """

    def __init__(self, root: bytes, source: str = _INFO, loops: str = _LOOPS) -> None:
        self._root = root.rstrip(b"/") + b"/"
        self._loops = loops
        self.below: dict[bytes, Mount] = {}
        """By prefix: the path relative to the root, ending in `/`."""
        self.files: dict[bytes, str] = {}
        """Why some files change without an event, by path relative to the root."""
        self.root: Mount | None = None
        """The mount that the root is on; None if that is unknown."""
        self.is_stale = False
        """To be set when `take_changes` is due: a renamed directory changes paths, too."""
        try:
            self._descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            # The kernel signals a change once per descriptor, so a thread that waits has its own.
            self._wait_descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            self._read()
        except OSError as error:
            _log.warning("cannot read the list of mounts: %s", error)
            self.close()

    @property
    def is_readable(self) -> bool:
        """Whether the list of mounts can be read."""
        return self._descriptor != -1

    def take_changes(self) -> set[bytes]:
        """Return the prefixes where something was mounted or unmounted since the last call."""
        self.is_stale = False
        if self._descriptor == -1:
            return set()
        before = self.below
        self._read()
        return {prefix for prefix, _ in before.items() ^ self.below.items()}

    def fileno(self) -> int:
        """Return a descriptor that has POLLPRI once after each change; -1 if there never is one.

        For queries, which only poll; a thread that waits uses `wait_fileno`.
        """
        return self._descriptor

    @property
    def wait_fileno(self) -> int:
        """See `fileno`."""
        return self._wait_descriptor

    def lacks_events(self, prefix: bytes) -> bool:
        """Return whether the mount at `prefix` itself, if any, does not report all changes."""
        mount = self.below.get(prefix)
        return mount is not None and not mount.has_events

    def paths_at(self, prefix: bytes) -> tuple[bytes, ...]:
        """Return the paths to report for a mount point, which may be a file."""
        if self.lacks_events(prefix):
            return prefix, prefix[:-1]  # lstat might never return
        try:
            mode = os.lstat(self._root + prefix[:-1]).st_mode
        except OSError:
            return prefix, prefix[:-1]
        return (prefix,) if stat.S_ISDIR(mode) else (prefix[:-1],)

    def close(self) -> None:
        """Close the descriptors.  Harmless when repeated."""
        for name in ("_descriptor", "_wait_descriptor"):
            descriptor = getattr(self, name, -1)
            setattr(self, name, -1)
            if descriptor != -1:
                os.close(descriptor)

    def _read(self) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = b"".join(iter(lambda: os.read(self._descriptor, _CHUNK), b""))
        self.below, holds, bad = {}, b"", 0
        for line in text.split(b"\n"):
            found = _parse(line)
            if found is None:
                bad += bool(line)
                if line and bad <= _MAX_LOGGED:
                    _log.warning("ignored a malformed line in mountinfo: %r", line)
                continue
            place, mount = found
            if place.startswith(self._root) and place != self._root:
                self.below[place[len(self._root) :]] = mount
            elif self._root.startswith(place) and len(place) >= len(holds):
                self.root, holds = mount, place
        self.files = {**self._mounted_files(), **self._loop_images()}

    def _mounted_files(self) -> dict[bytes, str]:
        """Return the files that are mounts: events report them at the place of their source."""
        return {
            prefix[:-1]: "a file is mounted there, whose events report another path"
            for prefix in self.below
            if not self.lacks_events(prefix) and _is_file(self._root + prefix[:-1])
        }

    def _loop_images(self) -> dict[bytes, str]:
        """Return the files in the tree to which loop devices write, which causes no event."""
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


def _parse(line: bytes) -> tuple[bytes, Mount] | None:
    """Parse a line of mountinfo, see proc(5): the mount point, ending in `/`, and the mount."""
    fields, found, rest = line.partition(b" - ")
    parts = fields.split(b" ")
    kind = rest.split(b" ", 1)[0]
    if not found or len(parts) < _FIELDS or not kind or not parts[4].startswith(b"/"):
        return None
    number, _, device, _, at = parts[:5]
    place = _ESCAPE.sub(lambda code: bytes([int(code[1], 8) & 0xFF]), at)
    return place.rstrip(b"/") + b"/", Mount(number + b" " + device, kind)


def _is_file(path: bytes) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _text(path: str) -> bytes:
    """Return the content of a file of the kernel's; empty if there is no such file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_CHUNK)
    except OSError:
        return b""
