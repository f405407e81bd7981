"""A log that is written by a thread of its own."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from fsmond.daemon.log_writer import LogWriter


class Frozen(logging.Handler):
    """Writes when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = threading.Event()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.may_write.wait(20)
        self.written.append(record.getMessage())


@pytest.fixture
def frozen() -> Iterator[Frozen]:
    """Return a handler that hangs until it is told, and in the end."""
    handler = Frozen()
    yield handler
    handler.may_write.set()


def _record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text})


def test_who_logs_does_not_wait_for_a_disk_that_is_frozen(frozen: Frozen) -> None:
    """Nor does the end: the thread is left alone, and what is too much is counted."""
    writer = LogWriter(lambda: frozen)
    writer.start()
    began = time.monotonic()

    for number in range(1500):
        writer.emit(_record(str(number)))
    assert not writer.drain(0.01)
    writer.close()

    assert writer.is_held_up
    assert time.monotonic() - began < 10
    frozen.may_write.set()
    writer.close()
    assert not writer.is_held_up
    assert "messages were not logged" in frozen.written[1]
    numbers = [text for text in frozen.written if text.isdigit()]
    assert numbers[:1000] == [str(number) for number in range(1000)]


def test_all_is_written_in_its_order_before_it_is_closed(frozen: Frozen) -> None:
    """Also what was logged a moment ago."""
    frozen.may_write.set()
    writer = LogWriter(lambda: frozen)
    writer.start()
    for number in range(100):
        writer.emit(_record(str(number)))

    writer.close()

    assert frozen.written == [str(number) for number in range(100)]
