"""Send one answer; a client that does not read does not block a worker for long."""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import time
from contextlib import AbstractContextManager
from typing import Protocol

from ipc._application import Data
from ipc._server.windows.pipe import Pipe
from ipc.errors import TimedOutError
from ipc.pktline import MAX_DATA, batches, framed

MAX_BUFFERED = 512 << 10  # bytes of one answer that are buffered for a slow client


class BlockableWorkers(Protocol):
    """The workers, as far as an answer has to ask them before it blocks one."""

    def blocked_on(self, pipe: Pipe, /) -> AbstractContextManager[None]: ...


class Reply:
    """The answer to one request; a call sends a piece."""

    peer = None
    """The client's user and process: unknown, but a pipe gives access only to its own user."""

    def process(self) -> None:
        """Return None: Windows has no descriptors of processes."""

    def __init__(self, pipe: Pipe, workers: BlockableWorkers, timeout: float) -> None:
        self._pipe = pipe
        self._workers = workers
        self._time_left = timeout  # seconds for which the client may still block
        self._finished = False
        self.lost = False  # whether the client is lost

    def __call__(self, data: Data) -> None:
        """Send data now; raise HungUpError or TimedOutError when the client is lost."""
        if self._finished:
            raise ValueError("the exchange is over: reply only while the application runs")
        for buffers in batches(memoryview(data).cast("B")):
            self._send_or_buffer(b"".join(buffers))

    def finish(self, last: bytes) -> None:
        """Send the last piece and the end packet."""
        if len(last) > MAX_DATA:
            self(last)
            last = b""
        self._finished = True
        self._send_or_buffer(framed(last))

    def abandon(self) -> None:
        """End the reply without an end packet."""
        self._finished = True

    def _send_or_buffer(self, data: bytes) -> None:
        try:
            self._pipe.send(data)
            if self._pipe.buffered > MAX_BUFFERED:
                with self._workers.blocked_on(self._pipe):
                    self._wait()
        except Exception:
            self.lost = True
            raise

    def _wait(self) -> None:
        while self._pipe.buffered > MAX_BUFFERED:
            began = time.monotonic()
            if not self._pipe.wait_until_less(MAX_BUFFERED, max(int(self._time_left * 1000), 0)):
                raise TimedOutError("the client did not read its answer within reply_timeout")
            self._time_left -= time.monotonic() - began
