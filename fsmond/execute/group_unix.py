"""A command and its process group."""

import sys

assert sys.platform != "win32"

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_INTERVAL = 0.005  # seconds between two looks at a process
_LONG_INTERVAL = 0.05  # seconds; the same, when it has been running for a while


class Group:
    """Starts a command, in a process group of its own if `own`; one at a time."""

    def __init__(self, *, own: bool) -> None:
        self._own = own
        self._has_terminal = False
        self._last: subprocess.Popen[bytes] | None = None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start the command, and end what is left of its own group before; raise OSError."""
        self.clear()
        group = 0 if self._own else None
        self._last = subprocess.Popen(command, env=environment, process_group=group)
        return self._last

    def clear(self) -> None:
        """End what is left of the command's own group: what it started, and left running."""
        if self._own and self._last is not None:
            self.kill(self._last)
            self._last = None

    def wait(self, process: "subprocess.Popen[bytes]", timeout: float) -> bool:
        """Wait until the command ends, for so many seconds; return whether it has."""
        deadline, pause = time.monotonic() + timeout, _INTERVAL
        while process.poll() is None:
            if self._own:
                self._give_terminal_if_stopped(process)
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * 2, _LONG_INTERVAL)
        return True

    def interrupt(self, process: "subprocess.Popen[bytes]") -> None:
        """Hand through a Ctrl-C, unless the terminal sent it to the command as well."""
        if self._own or not _is_foreground():
            self.send(process, signal.SIGINT)

    def send(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        """Send a signal to the command, and to all of its own group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._own:
                os.killpg(process.pid, number)
                os.killpg(process.pid, signal.SIGCONT)
            else:
                process.send_signal(number)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """End the command at once, and all of its own group."""
        self.send(process, signal.SIGKILL)

    def ended(self) -> None:
        """Take back the terminal."""
        if self._has_terminal:
            self._has_terminal = False
            _set_foreground(os.getpgrp())

    def _give_terminal_if_stopped(self, process: "subprocess.Popen[bytes]") -> None:
        """Make its group the terminal's foreground group if it was stopped for reading."""
        if self._has_terminal or not _is_foreground():
            return
        found, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
        if found and os.WIFSTOPPED(status):
            if os.WSTOPSIG(status) in (signal.SIGTTIN, signal.SIGTTOU):
                self._has_terminal = _set_foreground(process.pid)
                os.killpg(process.pid, signal.SIGCONT)
        elif found:
            process.returncode = os.waitstatus_to_exitcode(status)


def _is_foreground() -> bool:
    """Return whether our group is the one that the terminal sends signals to."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _set_foreground(group: int) -> bool:
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, group)
    except OSError:
        return False
    else:
        return True
    finally:
        signal.signal(signal.SIGTTOU, before)
