"""`fsmond hook`: answer as Git's fsmonitor hook.  Git waits for it, so it avoids even `os`."""

import sys

if sys.platform == "win32":
    from nt import environ, stat

    _GIT_DIR, _GIT_WORK_TREE = "GIT_DIR", "GIT_WORK_TREE"
else:
    from posix import O_NONBLOCK, environ, getcwdb, stat  # where `os` takes them from
    from posix import open as open_file

    _GIT_DIR, _GIT_WORK_TREE = b"GIT_DIR", b"GIT_WORK_TREE"

from fsmond.errors import Error
from fsmond.exchange import exchange
from fsmond.protocol import ask_changes, reason_in, tree_fields, without_reason
from ipc.errors import Error as IPCError
from ipc.errors import InvalidPathError, NoServerError

_SOCKET = b"/fsmonitor--daemon.ipc"
_MAX_SIZE = 8192  # bytes of a `.git` file: twice the longest path
_REGULAR = 0o10  # the type of a plain file, as the upper bits of a mode have it
_TIMEOUT = 3.0  # seconds; a daemon that is not suspended takes one at most
_CLIENT = ', "client": "git"'  # Git forgets what other clients remember: see docs/reference/git.md
# No daemon knows this token, so the next answer is "everything" as well.
_UNKNOWN = "fsmond:starting:0"
_EVERYTHING = b"%s\0/\0" % _UNKNOWN.encode()


def run(arguments: list[str]) -> int | None:
    """Print what changed since a token and return 0; return 1 on an error: Git scans everything.

    Return None if the arguments are not valid.
    """
    match arguments:
        case ["1" | "2" as version, token]:
            pass
        case _:
            return None
    if version == "2" and (not token or token.isdigit()):
        # Git has a time, or nothing, instead of a token if it never used a monitor with this index
        # or the last answer failed.  The daemon must treat that as an unknown token.
        token = _UNKNOWN
    try:
        reply = _ask(token)
    except (Error, IPCError, OSError, ImportError) as error:  # there may be no platformdirs here
        from fsmond.cli.hook_messages import report_error

        report_error(error)
        return 1
    if reason_in(reply) == "other-root":
        from fsmond.cli.hook_messages import report_other_root

        report_other_root()
    reply = without_reason(reply)
    return _write(reply if version == "2" else reply[reply.find(b"\0") + 1 :])


def _write(reply: bytes) -> int:
    if sys.stdout is None:  # another file may have got its descriptor by now
        from fsmond.cli.output import print_error

        print_error("standard output is closed, so the answer cannot be written")
        return 1
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
    return 0


def _ask(token: str) -> bytes:
    try:
        gitdir = _gitdir()
        if gitdir is not None:
            return _answer(gitdir + _SOCKET, token, _tree(gitdir))
    except (NoServerError, InvalidPathError):
        pass
    return _ask_elsewhere(token)


def _answer(socket: bytes, token: str, tree: str) -> bytes:
    def send(message: bytes) -> bytes:
        return exchange(socket, message, root=b".", timeout=_TIMEOUT)

    return ask_changes(send, token, tree + _CLIENT)


def _gitdir() -> bytes | None:
    """Return the git directory if the current directory is clearly its worktree; else None.

    Git runs the hook in the worktree's root, and sets GIT_DIR unless that is `.git`.
    """
    given = environ.get(_GIT_DIR)
    if given is None:
        return b".git"
    if _GIT_WORK_TREE in environ:
        return None
    try:
        if stat(b".git")[0] >> 12 != _REGULAR:
            return None
        with open(b".git", "rb", buffering=0, opener=_opener) as file:
            named = file.read(_MAX_SIZE).removeprefix(b"gitdir: ").rstrip(b"\r\n")
        return named if stat(named)[1:3] == stat(given)[1:3] else None  # inode and device
    except (OSError, ValueError):
        return None


if sys.platform == "win32":
    _opener = None
else:

    def _opener(path: str | bytes, flags: int) -> int:
        """Open a file without waiting for a writer: it may have become a FIFO by now."""
        return open_file(path, flags | O_NONBLOCK)


def _tree(gitdir: bytes) -> str:
    """Return the fields that identify the tree, as `Place.tree_id` does."""
    if sys.platform != "win32":
        try:
            found = [stat(path)[1:3] for path in (b".", gitdir)]
            tree_id = ",".join([f"{device}:{inode}" for inode, device in found])
            return tree_fields(getcwdb(), tree_id)
        except FileNotFoundError:
            raise NoServerError("there is no git directory here") from None
    else:
        return ""  # the tree is where `.git` is, and has only one path on Windows


def _ask_elsewhere(token: str) -> bytes:
    import os

    from fsmond.rendezvous import place_of

    here = os.path.realpath(b".")
    place = place_of(here)
    if place.root != here:
        place = place_of(here, {})  # another repository's GIT_DIR, as for a submodule of a worktree
    if place.root != here:
        raise OSError(f"{os.fsdecode(here)} is inside a worktree, but is not its root")
    if place.worktree is None:
        raise OSError(f"{os.fsdecode(here)} is no longer a worktree")
    try:
        return _answer(place.socket, token, tree_fields(here, place.tree_id()))
    except NoServerError:
        from fsmond.process.attempts import start_in_background

        start_in_background(place)
        return _EVERYTHING
