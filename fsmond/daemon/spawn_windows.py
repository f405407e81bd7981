"""Start a process on Windows."""

import subprocess
import time


class Child:
    """A process whose output is heard here."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
        )

    def hear(self, deadline: float) -> bytes | None:
        """Return all that it says until nobody can say any more; None at `deadline`."""
        try:
            return self._process.communicate(timeout=max(0.0, deadline - time.monotonic()))[0]
        except subprocess.TimeoutExpired:
            self.leave()
            return None

    def leave(self) -> None:
        """Let it go on without us."""
        assert self._process.stdout is not None
        self._process.stdout.close()
