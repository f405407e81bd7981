"""What the hook says where something is wrong: once in a while, as Git asks at each command.

There has to be a memory between two processes: a file of this user's own, in a folder of its own.
"""

import contextlib
import os
import stat
import time

from fsmond.cli.output import complain
from fsmond.errors import OtherUserError
from fsmond.printable import message_of

_QUIET = 600.0  # seconds until the same is said again
_NAME = "hook-said"
_LONGEST = 4096  # bytes of what was said last


def complain_of(error: BaseException) -> None:
    """Say what failed; what a person can't mend at once is not said at each command."""
    if not isinstance(error, OtherUserError) or _is_new(message_of(error)):
        complain(message_of(error))


def complain_of_other_root() -> None:
    """Say that the daemon of this git directory watches another tree."""
    here = os.fsdecode(os.getcwdb())
    text = (
        f"git looks at all files of {here}, as the daemon of its git directory watches another "
        "tree; to have this one watched: fsmond start --replace"
    )
    if _is_new(text):
        complain(text)


def _is_new(text: str) -> bool:
    """Say whether this was not said within the last minutes, and remember that it is now."""
    try:
        file = _opened()
    except (OSError, ImportError, ValueError):
        return True
    try:
        said, now = text.encode(errors="backslashreplace")[:_LONGEST], time.time()
        age = now - os.fstat(file).st_mtime
        if os.read(file, _LONGEST) == said and 0 <= age < _QUIET:
            return False
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, said)
    except OSError:
        pass  # a full disk: then it is said once more
    finally:
        os.close(file)
    return True


def _opened() -> int:
    """Open the file of what was said last; raise OSError where it would not be ours alone."""
    from platformdirs import user_state_dir  # slow to import, and needed in trouble alone

    folder = user_state_dir("fsmond", appauthor=False)
    with contextlib.suppress(FileExistsError):
        os.makedirs(folder, mode=0o700)
    if not _is_own(os.stat(folder, follow_symlinks=False)):
        raise PermissionError(f"{folder} is another user's")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(os.path.join(folder, _NAME), flags, 0o600)
    status = os.fstat(file)
    if not (stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and _is_own(status)):
        os.close(file)
        raise PermissionError(f"{_NAME} is no file of ours")
    return file


def _is_own(status: os.stat_result) -> bool:
    user = getattr(os, "geteuid", None)  # there is none on Windows, where the folder is one's own
    return user is None or status.st_uid == user()
