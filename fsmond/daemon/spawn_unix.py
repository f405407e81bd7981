"""Start a process on Unix.  As little is imported as can be: a person waits."""

import sys

assert sys.platform != "win32"

import os
import select
import time

# Python ignores these, and what is ignored is inherited; by number, as the enum takes 3 ms.
_PIPE_AND_FILE_SIZE = (13, 25)
_PATIENCE = 1.0  # seconds until it has left us its child, and ends; it takes hundredths
_NAP = 0.001  # seconds


class Child:
    """A process whose output is heard here."""

    def __init__(self, arguments: list[str]) -> None:
        self._heard, said = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            self._pid = self._begin(arguments, nothing, said)
        except OSError:
            os.close(self._heard)
            raise
        finally:
            os.close(nothing)
            os.close(said)

    def _begin(self, arguments: list[str], nothing: int, said: int) -> int:
        """Start it with these descriptors for its input and its outputs; return its number."""
        return os.posix_spawn(
            arguments[0],
            arguments,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, said, 1),
                (os.POSIX_SPAWN_DUP2, said, 2),
            ],
            setsigdef=_PIPE_AND_FILE_SIZE,
        )

    def hear(self, deadline: float) -> bytes | None:
        """Return all that it says until nobody can say any more; None at `deadline`."""
        poller = select.poll()
        poller.register(self._heard, select.POLLIN)
        pieces: list[bytes] = []
        try:
            while poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                piece = os.read(self._heard, 4096)
                if not piece:
                    return b"".join(pieces)
                pieces.append(piece)
            return None
        finally:
            self.leave()

    def leave(self) -> None:
        """Let it go on without us."""
        os.close(self._heard)
        late = time.monotonic() + _PATIENCE
        while not os.waitpid(self._pid, os.WNOHANG)[0] and time.monotonic() < late:
            time.sleep(_NAP)
