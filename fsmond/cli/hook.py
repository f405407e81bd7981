"""`fsmond hook`: answer as Git's fsmonitor hook.  Git waits: not even `os` is imported in vain."""

import sys

if sys.platform == "win32":
    from nt import environ, stat

    _GIT_DIR, _GIT_WORK_TREE = "GIT_DIR", "GIT_WORK_TREE"
else:
    from posix import environ, stat  # what `os` has them from

    _GIT_DIR, _GIT_WORK_TREE = b"GIT_DIR", b"GIT_WORK_TREE"

from fsmond.protocol import request_for
from ipc.client import send_command
from ipc.errors import Error, InvalidPathError, NoServerError

_SOCKET = b"/fsmonitor--daemon.ipc"
_LONGEST = 8192  # bytes of a `.git` file: twice the longest path
_REGULAR = 0o10  # the type of a plain file, as the upper bits of a mode have it
_TIMEOUT = 3.0  # seconds; a daemon that is not stopped takes one at most
# With a token that no daemon knows, so that the next answer is "everything" as well.
_LOST = "fsmond:starting:0"
_EVERYTHING = b"%s\0/\0" % _LOST.encode()


def run(arguments: list[str]) -> int:
    """Print what changed since a token; 1, and Git looks at everything, if that can't be told."""
    match arguments:
        case ["1" | "2" as version, token]:
            pass
        case _:
            from fsmond.cli.main import run as explain  # knows all about usage and help

            return explain(["hook", *arguments])
    if version == "2" and (not token or token.isdigit()):
        # The index is new to monitors, or the last answer failed: then Git keeps a time, or
        # nothing.  The daemon shall take that for a token that was lost.
        token = _LOST
    try:
        reply = _ask(request_for(token))
    except (Error, OSError, ImportError) as error:  # there may be no platformdirs here
        from fsmond.printable import reason_of  # slow to import, and seldom needed

        print(f"fsmond: {reason_of(error)}", file=sys.stderr)
        return 1
    end_of_token = reply.find(b"\0") + 1
    if not end_of_token:
        # Git would take it for "nothing changed".
        print("fsmond: no token in the answer", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(reply if version == "2" else reply[end_of_token:])
    sys.stdout.buffer.flush()
    return 0


def _ask(token: bytes) -> bytes:
    try:
        gitdir = _gitdir()
        if gitdir is not None:
            return send_command(gitdir + _SOCKET, token, timeout=_TIMEOUT)
    except (NoServerError, InvalidPathError):
        pass
    return _ask_elsewhere(token)


def _gitdir() -> bytes | None:
    """Return the git directory if it is plain which one Git means, and that this is its worktree.

    Git calls us in the worktree's root, with GIT_DIR unless that is `.git`.
    """
    given = environ.get(_GIT_DIR)
    if given is None:
        return b".git"
    if _GIT_WORK_TREE in environ:
        return None
    try:
        if stat(b".git")[0] >> 12 != _REGULAR:
            return None
        with open(b".git", "rb", buffering=0) as file:
            named = file.read(_LONGEST).removeprefix(b"gitdir: ").rstrip(b"\r\n")
        return named if stat(named)[1:3] == stat(given)[1:3] else None  # inode and device
    except (OSError, ValueError):
        return None


def _ask_elsewhere(token: bytes) -> bytes:
    import os

    from fsmond.rendezvous import place_of

    here = os.path.realpath(b".")
    place = place_of(here)
    if place.root != here:
        place = place_of(here, {})  # another repository's GIT_DIR, as for a submodule of a worktree
    if place.root != here:
        raise OSError(f"{os.fsdecode(here)} is not the root of a worktree, but in one")
    if place.worktree is None:
        raise OSError(f"{os.fsdecode(here)} is no worktree any more")
    try:
        return send_command(place.socket, token, timeout=_TIMEOUT)
    except NoServerError:
        from fsmond.daemon.attempts import start_unheard

        start_unheard(place)
        return _EVERYTHING
