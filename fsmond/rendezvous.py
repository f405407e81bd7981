"""Where a tree's daemon is met.  On the way of every query: no import that is not needed."""

import os
import sys

from fsmond.errors import PathError
from fsmond.git.worktree import SOCKET, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fsmond.git.worktree import Worktree

    StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Place:
    """A tree, and the socket of whoever watches it; all paths absolute."""

    __slots__ = ("root", "socket", "worktree")

    def __init__(self, root: bytes, socket: bytes, worktree: "Worktree | None") -> None:
        self.root = root
        self.socket = socket
        self.worktree = worktree


def place_of(path: "StrPath") -> Place:
    """Return the place of the worktree that holds `path`, or of that directory itself.

    Raises PathError unless it is a directory that can be entered.
    """
    try:
        directory = os.path.realpath(os.fsencode(path))  # fails where the current one was removed
        os.stat(directory + b"/.")
    except (OSError, ValueError) as error:
        raise PathError(f"{path!s}: {_REASONS.get(type(error), error)}") from error
    worktree = find(directory)
    if worktree is None:
        return Place(directory, _socket_elsewhere(directory), None)
    return Place(worktree.root, os.path.join(worktree.gitdir, SOCKET), worktree)


def name_of(directory: bytes) -> str:
    """Return a file name that stands for a directory, always the same one."""
    from hashlib import sha256  # not needed for a query in a worktree

    return sha256(directory).hexdigest()[:32]


def _socket_elsewhere(directory: bytes) -> bytes:
    """Return the socket's path for a directory that is no worktree: in the user's own folder."""
    from platformdirs import user_runtime_dir  # slow to import, and not needed in a worktree

    folder = user_runtime_dir("fsmond")
    _refuse_if_foreign(folder)
    return os.fsencode(os.path.join(folder, f"{name_of(directory)}.ipc"))


def _refuse_if_foreign(folder: str) -> None:
    """Raise PathError if the folder is another user's, who could answer in our daemon's place."""
    if sys.platform == "win32":
        return  # pipes are in no folder
    try:
        owner = os.stat(folder).st_uid
    except OSError:
        return  # it is made when it is needed
    if owner != os.geteuid():
        raise PathError(f"{folder} is another user's; set XDG_RUNTIME_DIR to a folder of your own")


_REASONS: dict[type, str] = {
    FileNotFoundError: "no such directory",
    NotADirectoryError: "not a directory; name the one that holds it",
    PermissionError: "no permission to enter this directory",
}
