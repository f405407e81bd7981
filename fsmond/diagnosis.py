"""Build errors about a daemon that does not answer: its user, its process, and the cure."""

import os

from fsmond.errors import AnswerError, Error, OtherUserError, UnresponsiveError
from fsmond.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc.server import Peer


def unreachable(root: bytes, socket: bytes, error: Exception) -> Error:
    """Explain why the connection to an existing socket failed."""
    if isinstance(error.__cause__, PermissionError):
        try:
            owner = os.stat(socket).st_uid
        except OSError:
            owner = None
        own = getattr(os, "geteuid", None)  # missing on Windows
        if owner is not None and own is not None and owner != own():
            return other_user(root, owner)
    return AnswerError(f"no answer for {_shown(root)}: {error}")


def other_user(root: bytes, owner: int | None) -> OtherUserError:
    """Explain that a daemon is another user's: it answers nobody else, and is not trusted."""
    who = "another user" if owner is None else f"user {user_name(owner)}"
    if owner == 0:
        cure = "stop it with: sudo fsmond stop"
    else:
        cure = "run fsmond as that user, or have that user stop it with: fsmond stop"
    return OtherUserError(
        f"the daemon of {_shown(root)} is run by {who}, and answers no other user; "
        f"{cure} {_shown(root)}; or use your own clone or worktree"
    )


def refused(root: bytes, peer: "Peer | None") -> Error | None:
    """Explain why a daemon hung up, if it is another user's, which answers nobody else."""
    own = getattr(os, "geteuid", None)
    if peer is None or own is None or peer.uid == own():
        return None
    return other_user(root, peer.uid)


def unresponsive(root: bytes, peer: "Peer | None") -> UnresponsiveError:
    """Explain that a daemon accepts connections but does not answer."""
    which = f"the daemon of {_shown(root)}"
    stop = f"fsmond stop {_shown(root)}"
    if peer is None or peer.pid is None:
        return UnresponsiveError(f"{which} does not answer; stop it with: {stop}")
    if not peer.pid:
        return UnresponsiveError(
            f"{which} does not answer; it is in another process namespace, probably a container; "
            f"stop it there with: {stop}"
        )
    if is_stopped(peer.pid):
        error = UnresponsiveError(
            f"{which}, process {peer.pid}, was suspended by a signal and does not answer; "
            f"resume it with: kill -CONT {peer.pid}; or stop it with: {stop}"
        )
        error.is_stopped = True
        return error
    return UnresponsiveError(f"{which}, process {peer.pid}, does not answer; stop it with: {stop}")


def is_stopped(pid: int) -> bool:
    """Return whether a signal or a debugger suspended a process; False if that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(4096).rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False


def user_name(uid: int) -> str:
    """Return a user's name and id, for a message."""
    try:
        import pwd  # missing on Windows, which never gets here

        return f"{printable(pwd.getpwuid(uid).pw_name)} (uid {uid})"  # type: ignore[attr-defined, unused-ignore]
    except (ImportError, KeyError):
        return f"with uid {uid}"


def _shown(path: bytes) -> str:
    return printable(os.fsdecode(os.path.abspath(path)))
