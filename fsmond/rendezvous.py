"""Find a tree's root and its daemon's socket.

Every query imports this module: it imports only what is needed.
"""

import os
import sys

from fsmond.errors import PathError
from fsmond.git.worktree import SOCKET, RefusedError, Worktree, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


_FROM_ENVIRONMENT = b"--from-environment"  # an argument of the daemon: see Worktree


class Place:
    """A tree and its daemon's socket; all paths are absolute."""

    __slots__ = ("root", "socket", "worktree")

    def __init__(self, root: bytes, socket: bytes, worktree: "Worktree | None") -> None:
        self.root = root
        self.socket = socket
        self.worktree = worktree

    def tree_id(self) -> str:
        """Return an identifier that no other existing tree has; requests name their tree by it.

        Empty on Windows, where Python versions differ about inodes; there a root usually has only
        one path.  Raise OSError if the tree is gone.
        """
        if sys.platform == "win32":
            return ""
        found = [os.stat(self.root)]
        if self.worktree is not None:
            found.append(os.stat(self.worktree.gitdir))
        return ",".join(f"{each.st_dev}:{each.st_ino}" for each in found)

    def as_arguments(self) -> list[str]:
        """Return the place as arguments: a search in another process might find another place."""
        parts = [self.root, self.socket]
        if self.worktree is not None:
            parts.append(self.worktree.gitdir)
            parts += [_FROM_ENVIRONMENT] if self.worktree.is_from_environment else []
        return [os.fsdecode(part) for part in parts]

    @classmethod
    def from_arguments(cls, arguments: "list[str]") -> "Place":
        """Read what `as_arguments` returned."""
        root, socket, *rest = map(os.fsencode, arguments)
        if not rest:
            return cls(root, socket, None)
        chosen = rest[1:] == [_FROM_ENVIRONMENT]
        return cls(root, socket, Worktree(root, rest[0], is_from_environment=chosen))


def place_of(path: "StrPath", environment: "Mapping[str, str] | None" = None) -> Place:
    """Return the place of the worktree that contains `path`, or of the directory itself.

    GIT_DIR and GIT_WORK_TREE come from the process's environment unless one is given.  If both are
    set, the path `.` stands for that worktree, wherever it is, as it does for Git.  Raise
    PathError unless `path` is a directory that can be entered, and if Git would refuse it.
    """
    environment = os.environ if environment is None else environment
    try:
        named = os.fsencode(path)
        # The default stands for the same worktree as in Git.
        named = (_worktree_of_environment(environment) if named == b"." else None) or named
        directory = os.path.realpath(named)  # fails if the current directory was removed
        _enter(directory)
    except (OSError, ValueError) as error:
        raise PathError(f"{os.fsdecode(path)}: {_reason(error)}") from error
    try:
        worktree = find(directory, environment)
    except RefusedError as error:
        raise PathError(str(error)) from error
    if worktree is None:
        return Place(directory, _socket_elsewhere(directory), None)
    try:
        _enter(worktree.root)
        return Place(worktree.root, _socket_of(worktree), worktree)
    except OSError as error:  # the root need not be above `path`
        reason = _reason(error)
        root, gitdir = os.fsdecode(worktree.root), os.fsdecode(worktree.gitdir)
        raise PathError(f"{root}: {reason}; {gitdir} names it as its worktree") from error


def _worktree_of_environment(environment: "Mapping[str, str]") -> bytes | None:
    """Return the worktree that GIT_WORK_TREE names for GIT_DIR, if both are set."""
    if not (environment.get("GIT_DIR") and environment.get("GIT_WORK_TREE")):
        return None
    meant = os.path.realpath(os.fsencode(environment["GIT_WORK_TREE"]))
    worktree = find(meant, environment)
    return meant if worktree is not None and worktree.root == meant else None


def name_of(directory: bytes) -> str:
    """Return a file name for a directory: a hash of its path."""
    name: str = _hasher().sha256(os.path.normcase(directory)).hexdigest()
    return name[:32]


def _hasher() -> "ModuleType":
    """Return a module with SHA-256: hashlib would load OpenSSL, which takes milliseconds."""
    for name in ("_sha2", "_sha256"):  # of Python 3.12 and of 3.11
        try:
            return __import__(name)
        except ImportError:
            continue
    return __import__("hashlib")


def _enter(directory: bytes) -> None:
    """Raise OSError unless it is a directory that can be entered."""
    if sys.platform == "win32":
        # Windows removes a final dot from a path, so `os.stat` would accept a file.
        if os.path.isfile(directory):
            raise NotADirectoryError(directory)
        os.scandir(directory).close()
    else:
        os.stat(directory + b"/.")


def _socket_of(worktree: Worktree) -> bytes:
    # A file system without a local disk has major device number 0; this misses FUSE on a disk.
    if sys.platform == "linux" and not os.major(os.stat(worktree.gitdir).st_dev):
        from fsmond.git.socket_path import socket_of  # slow to import, and rarely needed

        return socket_of(worktree)
    return os.path.join(worktree.gitdir, SOCKET)


def _socket_elsewhere(directory: bytes) -> bytes:
    """Return the socket's path for a directory outside of a worktree: in the user's folder."""
    from fsmond.folders import runtime_folders  # not needed in a worktree

    name = f"{name_of(directory)}.ipc"
    paths = [os.path.join(folder, name) for folder in runtime_folders()]
    # A login may create a folder while a running daemon has its socket in another one.
    existing = filter(os.path.lexists, paths)
    return os.fsencode(next(existing, paths[0]))


def _reason(error: Exception) -> str:
    from fsmond.printable import message_of  # rarely needed

    return _REASONS.get(type(error)) or message_of(error)


_REASONS: dict[type, str] = {
    FileNotFoundError: "no such directory",
    NotADirectoryError: "not a directory; name the directory that contains it",
    PermissionError: "no permission to enter this directory",
}
