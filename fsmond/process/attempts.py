"""Starts in the background: a failure is remembered, reported once, and not repeated soon.

Git runs its hook at each command.  A Python that starts in vain each time would cost more than Git
needs without a daemon.  A file in the user's own folder remembers the newest attempt.  Its time is
that of the start, and it receives the process's output.  The daemon removes it once it answers.
"""

import contextlib
import os
import sys
import time

from fsmond.errors import Error
from fsmond.folders import make, runtime_folders
from fsmond.printable import message_of, printable
from fsmond.rendezvous import Place, name_of

_START_TIMEOUT = 10.0  # seconds in which a start may still succeed
_OUTPUT_TIMEOUT = 2.0  # the same for a process with any output: as a rule, why it fails
_RETRY_INTERVAL = 300.0  # seconds from a failed start to the next one
_MAX_FILES = 200  # there is one for each tree whose daemon does not start
_MAX_READ = 4096  # bytes at the end of a file
_FAILED, _REPORTED = ".failed-start", ".failed-start-told"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_MODE = 0o600


def start_in_background(place: Place) -> None:
    """Start a daemon without waiting for it, unless a recent start failed; never raise."""
    attempt = StartAttempt(place)
    age = attempt.age()
    if age is None or not 0 <= age < _RETRY_INTERVAL:
        attempt.clear()
        _start(place, attempt)
    elif attempt.has_failed():
        attempt.report_once()


def _start(place: Place, attempt: "StartAttempt") -> None:
    from fsmond.process.spawn import spawn  # slow to import

    folder = os.path.dirname(place.socket)
    if not os.path.isdir(folder):
        return  # the tree is gone
    try:
        output = attempt.begin()
    except FileExistsError:
        return  # another process has just begun one
    try:
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"no permission to write in {printable(folder)}")
        spawn(place, output=output).disown()
    except (Error, OSError) as error:
        attempt.record_failure(message_of(error))
        attempt.report_once()
    finally:
        if output is not None:
            os.close(output)


class StartAttempt:
    """The newest start of a tree's daemon, if that failed or is still in progress."""

    def __init__(self, place: Place) -> None:
        self._root = place.root
        self._folder: str | None = None
        # Without a folder, or the library that Windows needs to find it, nothing is remembered.
        with contextlib.suppress(Error, OSError, ImportError):
            self._folder = runtime_folders()[0]
            self._path = os.path.join(self._folder, name_of(place.socket))

    def age(self) -> float | None:
        """Return the seconds since it began or was recorded as failed; None if there is none."""
        status = self._status()
        return None if status is None else time.time() - status.st_mtime

    def has_failed(self) -> bool:
        """Return whether it failed, or had enough time to succeed."""
        status, age = self._status(), self.age()
        if status is None or age is None:
            return False
        is_reported = os.path.lexists(self._path + _REPORTED)
        return is_reported or age > (_OUTPUT_TIMEOUT if status.st_size else _START_TIMEOUT)

    def reason(self) -> str | None:
        """Return why it failed, from its output; None if it did not fail."""
        if not self.has_failed():
            return None
        for suffix in (_FAILED, _REPORTED):
            with contextlib.suppress(OSError), open(self._path + suffix, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _MAX_READ))
                lines = file.read().decode(errors="replace").splitlines()
                output = [line.removeprefix("fsmond: ") for line in lines if line.strip()]
                return printable(output[-1]) if output else "it gave no reason"
        return None

    def begin(self) -> int | None:
        """Create its file; return a descriptor for the process's output, None if that failed.

        Raise FileExistsError if another process was faster.
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

    def record_failure(self, reason: str) -> None:
        """Remember why it failed."""
        self.clear()
        with contextlib.suppress(OSError):
            descriptor = self.begin()
            if descriptor is not None:
                os.write(descriptor, f"{reason}\n".encode(errors="replace"))
                os.close(descriptor)

    def report_once(self) -> None:
        """Report the failure on standard error, unless it was reported before."""
        if self._folder is None:
            return
        reason = None
        try:
            os.rename(self._path + _FAILED, self._path + _REPORTED)
            reason = self.reason()
        except OSError:
            return  # it was reported before, or the daemon answers by now
        if sys.stderr:
            sys.stderr.write(
                f"fsmond: cannot start a daemon for {printable(self._root)}: {reason}; the next "
                f"attempt is in {_RETRY_INTERVAL / 60:.0f} minutes; to try now: fsmond start\n"
            )

    def clear(self) -> None:
        """Forget it, so that the next start is not delayed."""
        for suffix in (_FAILED, _REPORTED):
            with contextlib.suppress(OSError):
                if self._folder is not None:
                    os.unlink(self._path + suffix)

    def _status(self) -> os.stat_result | None:
        for suffix in (_FAILED, _REPORTED):
            with contextlib.suppress(OSError):
                if self._folder is not None:
                    return os.lstat(self._path + suffix)
        return None

    def _remove_old(self, folder: str) -> None:
        """Limit the number of files: at the limit, remove those of all trees."""
        names = [name for name in os.listdir(folder) if name.endswith((_FAILED, _REPORTED))]
        if len(names) >= _MAX_FILES:
            for name in names:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, name))
