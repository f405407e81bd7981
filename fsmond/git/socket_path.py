"""Find where Git looks for a daemon's socket if the git directory may be remote."""

import os
import sys

from fsmond.git.program import GitError, git
from fsmond.git.worktree import SOCKET, Worktree

_MOUNTS = "/proc/self/mountinfo"
# Names in that file.  Git uses the numbers that statfs returns, which is the same for all of FUSE.
_REMOTE = ("nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "coda", "virtiofs")


def socket_of(worktree: Worktree, mounts: str = _MOUNTS) -> bytes:
    """Return the socket's path; raise OSError if the git directory cannot be accessed.

    Sockets do not work on remote file systems.  There the socket is in the folder that
    `fsmonitor.socketDir` names, or in the home directory, as observed with git 2.55.
    """
    if not _is_remote(worktree.gitdir, mounts):
        return os.path.join(worktree.gitdir, SOCKET)
    try:
        command = ("config", "--type=path", "fsmonitor.socketDir")
        folder = git(*command, directory=worktree.root)
    except GitError:
        folder = b""  # usually it is not set
    from hashlib import sha1  # loads OpenSSL, and is rarely needed

    name = sha1(worktree.root, usedforsecurity=False).hexdigest()
    return os.path.join(folder or os.path.expanduser(b"~"), b".git-fsmonitor-" + name.encode())


def _is_remote(path: bytes, mounts: str) -> bool:
    if sys.platform != "linux":
        return False
    device = os.stat(path).st_dev
    try:
        with open(mounts, "rb", buffering=0) as file:
            text = b"".join(iter(lambda: file.read(1 << 16), b""))
    except OSError:
        return False
    _, _, rest = text.partition(b" %d:%d " % (os.major(device), os.minor(device)))
    kind = rest.partition(b"\n")[0].partition(b" - ")[2].partition(b" ")[0].decode(errors="replace")
    return kind.startswith("fuse") or kind in _REMOTE
