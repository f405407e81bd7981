"""The mount namespaces of processes, on Linux, as the kernel reports them.

1. `/proc/PID/ns/mnt`, if `/proc` is mounted and numbers processes as in this namespace.
2. A descriptor of the process (PIDFD_GET_MNT_NAMESPACE): needs Linux 6.11, and five system calls
   instead of one.
3. Both may be refused, as to a daemon in a user namespace of its own.  But mount IDs are unique
   across namespaces: a process that has one of this namespace's mounts is in this namespace.

If none of them answers, the namespace is not known, and "not known" is never "the same".
"""

import sys

assert sys.platform == "linux"

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.daemon.views import ClientProcess

_GET_MNT_NAMESPACE = 0xFF03  # PIDFD_GET_MNT_NAMESPACE of <linux/pidfd.h>


class MountNamespaces:
    """Compares mount namespaces with that of this process, which must not leave it."""

    def __init__(self) -> None:
        # Kept open: a /proc that is mounted later may number processes differently.
        self._proc = _own_proc()
        own = self._by_proc(os.getpid())
        if own is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                own = _by_descriptor(os.pidfd_open(os.getpid()))
        self.namespace = own
        """The inode of this process's own; None if it is not known."""

    def namespace_of(self, client: "ClientProcess") -> int | None:
        """Return the inode of the client's; None if it is not known."""
        peer = client.peer
        found = self._by_proc(peer.pid) if peer is not None and peer.pid else None
        if found is None:
            process = client.process()
            found = None if process is None else _by_descriptor(process)
        if found is None and peer is not None and peer.pid:
            shared = self._mount_ids(peer.pid) & self._mount_ids(os.getpid())
            found = self.namespace if shared else None
        return found

    def close(self) -> None:
        """Close the descriptor of `/proc`.  Harmless when repeated."""
        if self._proc is not None:
            os.close(self._proc)
            self._proc = None

    def _mount_ids(self, pid: int) -> set[bytes]:
        """Return the IDs of the mounts that a process sees; none if they are not known."""
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
            return None  # the process is gone, or another user's


def _own_proc() -> int | None:
    """Return a descriptor of `/proc` if it numbers processes as in this namespace."""
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
