"""In which mount namespace a process is, on Linux, by the kernel's word.

`/proc/PID/ns/mnt` tells, if `/proc` is there and counts processes as we do.  Else the kernel is
asked by a descriptor of the process, which takes five system calls instead of one, and Linux 6.11.
Both may be refused, as to a daemon in a user namespace of its own.  But each mount has a number
that no other one has, in any namespace; who has one of ours is in ours.
What neither tells is not known, and "not known" is never "the same".
"""

import sys

assert sys.platform == "linux"

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.daemon.views import Asker

_GET_MNT_NAMESPACE = 0xFF03  # PIDFD_GET_MNT_NAMESPACE of <linux/pidfd.h>


class MountNamespaces:
    """Compares mount namespaces with that of this process, which must not leave it."""

    def __init__(self) -> None:
        # Open as long as the daemon lives: what is mounted at /proc later may count otherwise.
        self._proc = _own_proc()
        own = self._by_proc(os.getpid())
        if own is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                own = _by_descriptor(os.pidfd_open(os.getpid()))
        self.namespace = own
        """The inode of our own; None if it is not known."""

    def namespace_of(self, asker: "Asker") -> int | None:
        """Return the inode of who asks; None if it is not known."""
        peer = asker.peer
        found = self._by_proc(peer.pid) if peer is not None and peer.pid else None
        if found is None:
            process = asker.process()
            found = None if process is None else _by_descriptor(process)
        if found is None and peer is not None and peer.pid:
            shared = self._mounts_of(peer.pid) & self._mounts_of(os.getpid())
            found = self.namespace if shared else None
        return found

    def close(self) -> None:
        """Ask no more.  Harmless when repeated."""
        if self._proc is not None:
            os.close(self._proc)
            self._proc = None

    def _mounts_of(self, pid: int) -> set[bytes]:
        """Return the numbers of the mounts that a process sees; none if that is not known."""
        if self._proc is None:
            return set()
        try:
            file = os.open(b"%d/mountinfo" % pid, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return set()
        with open(file, "rb") as lines:
            return {line.partition(b" ")[0] for line in lines}

    def _by_proc(self, pid: int) -> int | None:
        if self._proc is None:
            return None
        try:
            return os.stat(b"%d/ns/mnt" % pid, dir_fd=self._proc).st_ino
        except OSError:
            return None  # it is gone, or another user's


def _own_proc() -> int | None:
    """Return a descriptor of `/proc` if it counts processes as the kernel does to us."""
    try:
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.readlink("self", dir_fd=proc) == str(os.getpid()):
            return proc
    except OSError:
        pass
    os.close(proc)
    return None


def _by_descriptor(process: int) -> int | None:
    """Return the namespace of a process, and close its descriptor."""
    import fcntl  # seldom needed

    try:
        namespace = fcntl.ioctl(process, _GET_MNT_NAMESPACE, 0)
    except OSError:
        return None
    finally:
        os.close(process)
    try:
        return os.fstat(namespace).st_ino
    finally:
        os.close(namespace)
