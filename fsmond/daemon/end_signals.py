"""The signals that end a daemon.

A handler that raises would do so between any two steps of the main thread: between a claim and the
note of what was claimed, inside a lock, or in a destructor, where Python drops the exception.  So
here it only notes the signal, and calls what makes the main thread return by itself.
"""

import signal
from collections.abc import Callable
from types import FrameType

# Windows sends SIGBREAK also when a console is closed: it leaves no time for more, and no file to
# remove.
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")


class EndSignals:
    """Handles the signals that end a process, from the constructor on; main thread only.

    `ignored_too`: also those that the parent ignored, as `nohup` does, or a shell for a job in the
    background.
    """

    def __init__(self, *, ignored_too: bool) -> None:
        self.received: str | None = None
        """The name of the first of these signals, once there was one; later ones do nothing."""
        self._stop: Callable[[], None] | None = None
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number and (ignored_too or signal.getsignal(number) != signal.SIG_IGN):
                signal.signal(number, self._handle)

    def call(self, stop: Callable[[], None]) -> None:
        """Call `stop` at the first signal, or now if there was one.

        It may interrupt the main thread anywhere: it must raise nothing, and take no lock that this
        thread may hold.  It may be called twice.
        """
        self._stop = stop
        if self.received is not None:
            stop()

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number).name
            if self._stop is not None:
                self._stop()
