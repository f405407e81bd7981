"""Simulate dropped events on Windows, by wrapping the reader."""

import sys

assert sys.platform == "win32"

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fsmond.monitor.monitor import Monitor
from fsmond.watching.native.reading_windows import Reader
from fsmond.watching.native.watcher import NativeWatcher
from fsmond.watching.native.windows import WindowsEmitter

_LATE = 0.05  # seconds in which events usually arrive


class LossyReader:
    """Reads like the real one, or returns nothing, as if the buffer had been full."""

    def __init__(self, real: Reader) -> None:
        self._real = real
        self.is_losing = False
        self.wake, self.close = real.wake, real.close

    def read(self) -> bytes | None:
        """Return the next read; empty while events are to be lost."""
        data = self._real.read()
        return b"" if data and self.is_losing else data


@contextmanager
def losing_reads(monitor: Monitor) -> Iterator[None]:
    """Lose the events of what happens meanwhile."""
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
