"""A log that is written on a thread of its own."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from fsmond.daemon.log.writer import LogWriter


class Frozen(logging.Handler):
    """A handler that blocks until it may write."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = threading.Event()
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.may_write.wait(20)
        self.written.append(record.getMessage())


@pytest.fixture
def frozen() -> Iterator[Frozen]:
    """Return a blocked handler, and unblock it at the end."""
    handler = Frozen()
    yield handler
    handler.may_write.set()


def _record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text})


def test_a_frozen_disk_does_not_block_the_threads_that_log(frozen: Frozen) -> None:
    """Nor `close`: it does not join the thread.  Messages beyond the queue's size are counted."""
    writer = LogWriter(lambda: frozen)
    writer.start()
    began = time.monotonic()

    for number in range(1500):
        writer.emit(_record(str(number)))
    assert not writer.drain(0.01)
    writer.close()

    assert writer.is_blocked
    assert time.monotonic() - began < 10
    frozen.may_write.set()
    writer.close()
    assert not writer.is_blocked
    assert "messages were not logged" in frozen.written[1]
    numbers = [text for text in frozen.written if text.isdigit()]
    assert numbers[:1000] == [str(number) for number in range(1000)]


def test_all_messages_are_written_in_order_before_close_returns(frozen: Frozen) -> None:
    """Also the latest ones."""
    frozen.may_write.set()
    writer = LogWriter(lambda: frozen)
    writer.start()
    for number in range(100):
        writer.emit(_record(str(number)))

    writer.close()

    assert frozen.written == [str(number) for number in range(100)]
