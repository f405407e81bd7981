"""Start a process on Unix.  A person waits: few imports.

The caller may be in any program: one that ignores or blocks signals, reaps all children itself, or
has closed its standard descriptors.
"""

import sys

assert sys.platform != "win32"

import _signal  # `signal` takes 3 ms
import fcntl
import os
import select
import time

from fsmond.process.detach import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDARD = 3  # standard descriptors, from 0
_REAP_TIMEOUT = 1.0  # seconds until the process has forked the daemon and ended; it takes 0.01
_POLL_INTERVAL = 0.001  # seconds
_CHUNK = 4096  # bytes read at a time
_MAX_OUTPUT = 1 << 16  # bytes of output that are kept: the last ones matter


class Child:
    """A process whose output can be read here, unless it goes to the descriptor `output`."""

    def __init__(
        self, arguments: list[str], environment: "Mapping[str, str]", output: int | None = None
    ) -> None:
        self._reader = -1
        writer = _copy_above_standard(output) if output is not None else self._open_pipe()
        null = -1
        try:
            null = _move_above_standard(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            self._pid = self._start(arguments, environment, (null, writer, writer))
        except OSError:
            self._close()
            raise
        finally:
            if null >= 0:
                os.close(null)
            os.close(writer)

    def _open_pipe(self) -> int:
        """Create the pipe for the output; return the end that is written to."""
        reader, writer = os.pipe()
        self._reader = _move_above_standard(reader)
        return _move_above_standard(writer)

    def _start(
        self,
        arguments: list[str],
        environment: "Mapping[str, str]",
        standard: tuple[int, int, int],
    ) -> int:
        """Start it with these three as its standard descriptors; return its process ID."""
        return os.posix_spawn(
            arguments[0],
            arguments,
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, each, to) for to, each in enumerate(standard)],
            setsigmask=(),
            setsigdef=_signal.valid_signals() - {_signal.SIGKILL, _signal.SIGSTOP},
        )

    def read_until_ready(self, deadline: float) -> bytes | None:
        """Return its output up to READY, or to the end of the pipe; None at `deadline`."""
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        output = b""
        try:
            while poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                chunk = os.read(self._reader, _CHUNK)
                output = (output + chunk)[-_MAX_OUTPUT:]
                if not chunk or output.endswith(READY):
                    return output
            return None
        finally:
            self.disown()

    def disown(self) -> None:
        """Stop reading its output, and let it continue without this process."""
        self._close()
        deadline = time.monotonic() + _REAP_TIMEOUT
        while time.monotonic() < deadline:
            try:
                if os.waitpid(self._pid, os.WNOHANG)[0]:
                    return
            except ChildProcessError:
                return  # the program reaps all children itself, or ignores SIGCHLD
            time.sleep(_POLL_INTERVAL)

    def _close(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1


def _move_above_standard(descriptor: int) -> int:
    """Replace a descriptor by a copy above the standard ones."""
    try:
        return _copy_above_standard(descriptor)
    finally:
        os.close(descriptor)


def _copy_above_standard(descriptor: int) -> int:
    """Copy a descriptor to a number above the standard ones, which may be free in this process."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _STANDARD)
