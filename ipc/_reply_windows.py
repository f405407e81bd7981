"""Send one answer, without letting a client that does not read hold a worker for long."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import time
from contextlib import AbstractContextManager
from typing import Protocol

from ipc._application import Data
from ipc._pipe_windows import Pipe
from ipc.errors import TimedOutError
from ipc.pktline import MAX_DATA, batches, framed

KEPT = 512 << 10  # bytes of one answer that are kept for a client that does not read at once


class Waiting(Protocol):
    """What is to be known of the others before a client is waited for."""

    def holding_a_worker(self, pipe: Pipe, /) -> AbstractContextManager[None]: ...


class Reply:
    """The answer to one request; calling it sends a piece."""

    peer = None
    """Who asks: a pipe lets in its own user alone, and nothing more is asked of it."""

    def process(self) -> None:
        """Return a descriptor of the process that asks, which there is none of."""

    def __init__(self, pipe: Pipe, waiting: Waiting, timeout: float) -> None:
        self._pipe = pipe
        self._waiting = waiting
        self._budget = timeout  # seconds for which this client may still make us wait
        self._over = False
        self.lost = False  # whether the client is

    def __call__(self, data: Data) -> None:
        """Send data now; raise HungUpError or TimedOutError when the client is lost."""
        if self._over:
            raise ValueError("the conversation is over: reply only while the application runs")
        for buffers in batches(memoryview(data).cast("B")):
            self._push(b"".join(buffers))

    def finish(self, last: bytes) -> None:
        """Send the last piece and the end."""
        if len(last) > MAX_DATA:
            self(last)
            last = b""
        self._over = True
        self._push(framed(last))

    def abandon(self) -> None:
        """Accept no more."""
        self._over = True

    def _push(self, data: bytes) -> None:
        try:
            self._pipe.send(data)
            if self._pipe.kept > KEPT:
                with self._waiting.holding_a_worker(self._pipe):
                    self._wait()
        except Exception:
            self.lost = True
            raise

    def _wait(self) -> None:
        while self._pipe.kept > KEPT:
            began = time.monotonic()
            if not self._pipe.wait_until_less(KEPT, max(int(self._budget * 1000), 0)):
                raise TimedOutError("the client did not read its answer within reply_timeout")
            self._budget -= time.monotonic() - began
