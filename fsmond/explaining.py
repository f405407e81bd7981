"""What to say of a daemon that can't be asked: whose it is, which process, and what would help."""

import os

from fsmond.errors import AnswerError, Error, OtherUserError, UnresponsiveError
from fsmond.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipc.server import Peer


def unreachable(root: bytes, socket: bytes, error: Exception) -> Error:
    """Explain why nobody could be reached at a socket that is there."""
    if isinstance(error.__cause__, PermissionError):
        try:
            owner = os.stat(socket).st_uid
        except OSError:
            owner = None
        own = getattr(os, "geteuid", None)  # there is none on Windows
        if owner is not None and own is not None and owner != own():
            return other_user(root, owner)
    return AnswerError(f"no answer for {_shown(root)}: {error}")


def other_user(root: bytes, owner: int | None) -> OtherUserError:
    """Explain that a daemon is another user's: it answers nobody else, and may not be believed."""
    who = "another user" if owner is None else f"user {user_name(owner)}"
    if owner == 0:
        cure = "have it ended by: sudo fsmond stop"
    elif owner is None:
        cure = "ask as that user, or have it ended by: fsmond stop"
    else:
        cure = "ask as that user, or have them end it by: fsmond stop"
    return OtherUserError(
        f"the daemon of {_shown(root)} is run by {who}, and answers no other user; "
        f"{cure} {_shown(root)}; or use a clone or worktree of your own"
    )


def refused(root: bytes, peer: "Peer | None") -> Error | None:
    """Explain why a daemon hung up, if it is root's: that one answers nobody else."""
    own = getattr(os, "geteuid", None)
    if peer is None or own is None or peer.uid == own():
        return None
    return other_user(root, peer.uid)


def unresponsive(root: bytes, peer: "Peer | None") -> UnresponsiveError:
    """Explain that a daemon is there, and does not answer."""
    which = f"the daemon of {_shown(root)}"
    stop = f"fsmond stop {_shown(root)}"
    if peer is None or peer.pid is None:
        return UnresponsiveError(f"{which} does not answer; end it by: {stop}")
    if not peer.pid:
        return UnresponsiveError(
            f"{which} does not answer; it is in another process namespace, a container as a rule: "
            f"end it there, by: {stop}"
        )
    if is_stopped(peer.pid):
        error = UnresponsiveError(
            f"{which}, process {peer.pid}, was stopped by a signal and does not answer; "
            f"let it go on by: kill -CONT {peer.pid}; or end it by: {stop}"
        )
        error.is_stopped = True
        return error
    return UnresponsiveError(f"{which}, process {peer.pid}, does not answer; end it by: {stop}")


def is_stopped(pid: int) -> bool:
    """Say whether a process was stopped, by a signal or a debugger; False if that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(4096).rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False


def user_name(uid: int) -> str:
    """Return how people call a user."""
    try:
        import pwd  # there is none on Windows, which never gets here

        return f"{printable(pwd.getpwuid(uid).pw_name)} (uid {uid})"  # type: ignore[attr-defined, unused-ignore]
    except (ImportError, KeyError):
        return f"with uid {uid}"


def _shown(path: bytes) -> str:
    return printable(os.fsdecode(os.path.abspath(path)))
