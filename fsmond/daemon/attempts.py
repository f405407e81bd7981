"""Starts for which nobody waits: one that failed is remembered, said once, and not repeated soon.

Git runs its hook at each command; a Python that is started in vain each time would cost more than
Git does without a daemon.  What is remembered is a file in the user's own folder.  It has the time
of the start, and takes what the process says until the daemon answers, which removes it.
"""

import contextlib
import os
import sys
import time

from fsmond.errors import Error
from fsmond.folders import make, runtime_folders
from fsmond.printable import message_of, printable
from fsmond.rendezvous import Place, name_of

_UNDER_WAY = 10.0  # seconds in which a start may still succeed
_SPEAKS = 2.0  # seconds in which a process may, that has said anything: as a rule, why it fails
_REST = 300.0  # seconds until it is tried again
_MOST = 200  # files; there is one for each tree whose daemon does not start
_LONGEST = 4096  # bytes that are read of a file: the end
_FAILED, _TOLD = ".failed-start", ".failed-start-told"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_MODE = 0o600


def start_unheard(place: Place) -> None:
    """Start a daemon without waiting for it, unless that was tried a moment ago; never raise."""
    attempt = Attempt(place)
    age = attempt.age()
    if age is None or not 0 <= age < _REST:
        attempt.forget()
        _start(place, attempt)
    elif attempt.has_failed():
        attempt.tell()


def _start(place: Place, attempt: "Attempt") -> None:
    from fsmond.daemon.spawn import spawn  # slow to import

    folder = os.path.dirname(place.socket)
    if not os.path.isdir(folder):
        return  # the tree has gone
    try:
        output = attempt.open()
    except FileExistsError:
        return  # somebody else has just begun
    try:
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"nothing can be written in {printable(folder)}")
        spawn(place, output=output).leave()
    except (Error, OSError) as error:
        attempt.note(message_of(error))
        attempt.tell()
    finally:
        if output is not None:
            os.close(output)


class Attempt:
    """What is known of the newest start of a tree's daemon, if that failed or is under way."""

    def __init__(self, place: Place) -> None:
        self._root = place.root
        self._folder: str | None = None
        # Without a folder nothing is remembered; nor without a library that Windows needs for it.
        with contextlib.suppress(Error, OSError, ImportError):
            self._folder = runtime_folders()[0]
            self._path = os.path.join(self._folder, name_of(place.socket))

    def age(self) -> float | None:
        """Return for how many seconds it has been under way, or failed; None if there is none."""
        status = self._status()
        return None if status is None else time.time() - status.st_mtime

    def has_failed(self) -> bool:
        """Say whether it can't be under way any more."""
        status, age = self._status(), self.age()
        if status is None or age is None:
            return False
        told = os.path.lexists(self._path + _TOLD)
        return told or age > (_SPEAKS if status.st_size else _UNDER_WAY)

    def reason(self) -> str | None:
        """Return why it failed, as far as it said so; None if none has failed."""
        if not self.has_failed():
            return None
        for suffix in (_FAILED, _TOLD):
            with contextlib.suppress(OSError), open(self._path + suffix, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LONGEST))
                lines = file.read().decode(errors="replace").splitlines()
                said = [line.removeprefix("fsmond: ") for line in lines if line.strip()]
                return printable(said[-1]) if said else "it did not say why"
        return None

    def open(self) -> int | None:
        """Begin it; return the descriptor for what is said, None if it can't be remembered.

        Raises FileExistsError if another process was faster.
        """
        if self._folder is None:
            return None
        try:
            make(self._folder)
            self._remove_old(self._folder)
            return os.open(self._path + _FAILED, _NEW, _MODE)
        except FileExistsError:
            raise
        except OSError:
            return None

    def note(self, reason: str) -> None:
        """Remember why it failed."""
        self.forget()
        with contextlib.suppress(OSError):
            descriptor = self.open()
            if descriptor is not None:
                os.write(descriptor, f"{reason}\n".encode(errors="replace"))
                os.close(descriptor)

    def tell(self) -> None:
        """Say on standard error that it failed, if that was not said before."""
        if self._folder is None:
            return
        reason = None
        try:
            os.rename(self._path + _FAILED, self._path + _TOLD)
            reason = self.reason()
        except OSError:
            return  # it was, or the daemon answers by now
        if sys.stderr:
            sys.stderr.write(
                f"fsmond: no daemon could be started for {printable(self._root)}: {reason}; it is "
                f"tried again in {_REST / 60:.0f} minutes, or by: fsmond start\n"
            )

    def forget(self) -> None:
        """Let the next one begin at once."""
        for suffix in (_FAILED, _TOLD):
            with contextlib.suppress(OSError):
                if self._folder is not None:
                    os.unlink(self._path + suffix)

    def _status(self) -> os.stat_result | None:
        for suffix in (_FAILED, _TOLD):
            with contextlib.suppress(OSError):
                if self._folder is not None:
                    return os.lstat(self._path + suffix)
        return None

    def _remove_old(self, folder: str) -> None:
        """Keep their number within bounds."""
        names = [name for name in os.listdir(folder) if name.endswith((_FAILED, _TOLD))]
        if len(names) >= _MOST:
            for name in names:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, name))
