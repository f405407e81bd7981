"""A command and all processes that it started."""

import sys

assert sys.platform == "win32"

import signal
import subprocess
from collections.abc import Mapping, Sequence

ENDING_SIGNALS = (signal.SIGTERM,)
_TIMEOUT = 5.0  # seconds that `taskkill` may take


class Group:
    """Starts a command, in a process group of its own if `own`; one at a time."""

    def __init__(self, *, own: bool) -> None:
        self._own = own

    def start(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start the command; raise OSError."""
        flags = subprocess.CREATE_NEW_PROCESS_GROUP if self._own else 0
        return subprocess.Popen(command, env=environment, creationflags=flags)

    def clear(self) -> None:
        """Do nothing: `kill` ends all that the command started."""

    def wait(self, process: "subprocess.Popen[bytes]", timeout: float) -> bool:
        """Wait until the command ends, for so many seconds; return whether it has."""
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def interrupt(self, process: "subprocess.Popen[bytes]") -> None:
        """Hand through a Ctrl-C, unless the console sent it to the command as well."""
        if self._own:
            process.send_signal(signal.CTRL_BREAK_EVENT)

    def send(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        """End the command: there are no other signals."""
        del number
        self.kill(process)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """End the command at once, and all that it started."""
        if self._own:
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)],
                capture_output=True,
                check=False,
                timeout=_TIMEOUT,
            )
        if process.poll() is None:
            process.kill()

    def ended(self) -> None:
        """Do nothing: a console belongs to all of its processes."""
