"""Have Windows drop events, by wrapping what reads them."""

import sys

assert sys.platform == "win32"

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fsmond.daemon.monitor import Monitor
from fsmond.watching.native import NativeWatcher
from fsmond.watching.reading_windows import Reader
from fsmond.watching.windows import WindowsEmitter

_LATE = 0.05  # seconds after which an event has come, as a rule


class LossyReader:
    """Reads as the real one, and now and then nothing at all, as if the buffer had been full."""

    def __init__(self, real: Reader) -> None:
        self._real = real
        self.is_losing = False
        self.wake, self.close = real.wake, real.close

    def read(self) -> bytes | None:
        """Return what there is; nothing if it is lost."""
        data = self._real.read()
        return b"" if data and self.is_losing else data


@contextmanager
def losing_reads(monitor: Monitor) -> Iterator[None]:
    """Have what happens meanwhile lost."""
    watcher = monitor.watcher
    assert isinstance(watcher, NativeWatcher)
    source = watcher._source
    assert isinstance(source, WindowsEmitter)
    if isinstance(source._reader, Reader):
        source._reader = LossyReader(source._reader)  # type: ignore[assignment]
    reader = source._reader
    assert isinstance(reader, LossyReader)
    reader.is_losing = True
    yield
    time.sleep(_LATE)
    reader.is_losing = False
