"""Print the hook's error messages, rate-limited, as Git runs the hook for each command.

The last message is kept in a file, in a folder that is private to this user.
"""

import contextlib
import os
import stat
import time

from fsmond.cli.output import print_error
from fsmond.errors import OtherUserError
from fsmond.printable import message_of

_QUIET = 600.0  # seconds until the same message is printed again
_NAME = "hook-said"
_MAX_LENGTH = 4096  # bytes of a message that are kept


def report_error(error: BaseException) -> None:
    """Print an error; rate-limit OtherUserError, which a person cannot fix at once."""
    if not isinstance(error, OtherUserError) or _is_new(message_of(error)):
        print_error(message_of(error))


def report_other_root() -> None:
    """Report that the daemon of this git directory watches another tree, rate-limited."""
    here = os.fsdecode(os.getcwdb())
    text = (
        f"git scans all files of {here}, because the daemon of its git directory watches another "
        "tree; to watch this tree: fsmond start --replace"
    )
    if _is_new(text):
        print_error(text)


def _is_new(text: str) -> bool:
    """Return whether this message was not printed within the last minutes, and record it."""
    try:
        file = _opened()
    except (OSError, ImportError, ValueError):
        return True
    try:
        message, now = text.encode(errors="backslashreplace")[:_MAX_LENGTH], time.time()
        age = now - os.fstat(file).st_mtime
        if os.read(file, _MAX_LENGTH) == message and 0 <= age < _QUIET:
            return False
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, message)
    except OSError:
        pass  # a full disk, usually: the message is printed again next time
    finally:
        os.close(file)
    return True


def _opened() -> int:
    """Open the file with the last message; raise OSError if it is not private to this user."""
    from platformdirs import user_state_dir  # slow to import, and needed for errors only

    folder = user_state_dir("fsmond", appauthor=False)
    with contextlib.suppress(FileExistsError):
        os.makedirs(folder, mode=0o700)
    if not _is_own(os.stat(folder, follow_symlinks=False)):
        raise PermissionError(f"{folder} belongs to another user")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(os.path.join(folder, _NAME), flags, 0o600)
    status = os.fstat(file)
    if not (stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and _is_own(status)):
        os.close(file)
        raise PermissionError(f"{_NAME} is not a private file of this user")
    return file


def _is_own(status: os.stat_result) -> bool:
    user = getattr(os, "geteuid", None)  # missing on Windows, where the folder is always private
    return user is None or status.st_uid == user()
