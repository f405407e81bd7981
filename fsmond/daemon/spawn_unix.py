"""Start a process on Unix.  As little is imported as can be: a person waits.

That may happen in anybody's process: one that ignores or blocks signals, takes notice of all
children's ends itself, or has closed its standard descriptors.
"""

import sys

assert sys.platform != "win32"

import _signal  # `signal` takes 3 ms
import fcntl
import os
import select
import time

from fsmond.daemon.detach import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_STANDARD = 3  # descriptors, from 0
_PATIENCE = 1.0  # seconds until it has left us its child, and ends; it takes hundredths
_NAP = 0.001  # seconds
_PIECE = 4096  # bytes
_MOST_HEARD = 1 << 16  # bytes that are kept of what it says; the last ones matter


class Child:
    """A process whose output is heard here, if it does not go to the descriptor `output`."""

    def __init__(
        self, arguments: list[str], environment: "Mapping[str, str]", output: int | None = None
    ) -> None:
        self._heard = -1
        said = _apart(output) if output is not None else self._open_pipe()
        nothing = -1
        try:
            nothing = _apart(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), ours=True)
            self._pid = self._begin(arguments, environment, (nothing, said, said))
        except OSError:
            self._close()
            raise
        finally:
            if nothing >= 0:
                os.close(nothing)
            os.close(said)

    def _open_pipe(self) -> int:
        heard, said = os.pipe()
        self._heard = _apart(heard, ours=True)
        return _apart(said, ours=True)

    def _begin(
        self,
        arguments: list[str],
        environment: "Mapping[str, str]",
        standard: tuple[int, int, int],
    ) -> int:
        """Start it with these for its first descriptors; return its number."""
        return os.posix_spawn(
            arguments[0],
            arguments,
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, each, to) for to, each in enumerate(standard)],
            setsigmask=(),
            setsigdef=_signal.valid_signals() - {_signal.SIGKILL, _signal.SIGSTOP},
        )

    def hear(self, deadline: float) -> bytes | None:
        """Return what it says until it is ready, or nobody can say any more; None at `deadline`."""
        poller = select.poll()
        poller.register(self._heard, select.POLLIN)
        heard = b""
        try:
            while poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                piece = os.read(self._heard, _PIECE)
                heard = (heard + piece)[-_MOST_HEARD:]
                if not piece or heard.endswith(READY):
                    return heard
            return None
        finally:
            self.leave()

    def leave(self) -> None:
        """Let it go on without us."""
        self._close()
        late = time.monotonic() + _PATIENCE
        while time.monotonic() < late:
            try:
                if os.waitpid(self._pid, os.WNOHANG)[0]:
                    return
            except ChildProcessError:
                return  # somebody else took notice of its end, or nobody is to
            time.sleep(_NAP)

    def _close(self) -> None:
        if self._heard >= 0:
            os.close(self._heard)
            self._heard = -1


def _apart(descriptor: int, *, ours: bool = False) -> int:
    """Return a copy that is none of the standard ones, of which this process may have none.

    `ours`: the one that was copied is closed.
    """
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _STANDARD)
    finally:
        if ours:
            os.close(descriptor)
