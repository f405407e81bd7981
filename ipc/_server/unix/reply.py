"""Send one answer; a client that does not read does not block a worker for long."""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import _socket
import select
import struct
import time
from _socket import MSG_DONTWAIT, SO_SNDBUF, SO_SNDTIMEO, SOL_SOCKET, socket
from contextlib import AbstractContextManager
from typing import Protocol

from ipc._application import Data, Peer
from ipc._peer_unix import peer_of, process_of
from ipc.errors import TimedOutError, translated
from ipc.message import unsent
from ipc.pktline import MAX_DATA, Buffers, batches, framed

# A process that restored the default action of SIGPIPE must not be killed by a client's exit.
_NO_SIGPIPE: int = getattr(_socket, "MSG_NOSIGNAL", 0)
NONBLOCKING = MSG_DONTWAIT | _NO_SIGPIPE

MAX_BUFFERED = 512 << 10  # bytes of one answer that are buffered for a slow client
_MAX_COPIED = 16384  # bytes; up to this size one copy is cheaper than sendmsg
# The kernel's send buffer of a large answer, in bytes: both sides then work at the same time,
# instead of waking each other in turn.  More is not faster, and costs memory for a client that does
# not read.
_SEND_BUFFER = 512 << 10
_SEND_TIMEOUT = struct.pack("ll", 0, 10_000)  # a timeval: a client that reads does so within 10 ms


class BlockableWorkers(Protocol):
    """The workers, as far as an answer has to ask them before it blocks one."""

    def has_idle_worker(self) -> bool: ...

    def blocked_on(self, stream: socket, /) -> AbstractContextManager[None]: ...


class Reply:
    """The answer to one request; a call sends a piece."""

    __slots__ = (
        "_buffered",
        "_finished",
        "_has_send_buffer",
        "_has_send_timeout",
        "_stream",
        "_time_left",
        "_workers",
        "lost",
        "started",
    )

    def __init__(self, stream: socket, workers: BlockableWorkers, timeout: float) -> None:
        self._stream = stream
        self._workers = workers
        self._time_left = timeout  # seconds for which the client may still block
        self._buffered = bytearray()
        self._has_send_timeout = False
        self._finished = False
        self._has_send_buffer = False
        self.started = False  # whether a part was sent or buffered
        self.lost = False  # whether the client is lost

    def __call__(self, data: Data) -> None:
        """Send data now; raise HungUpError or TimedOutError when the client is lost."""
        if self._finished:
            raise ValueError("the exchange is over: reply only while the application runs")
        if len(data) <= _MAX_COPIED and isinstance(data, bytes):
            if data:
                self._send_or_buffer([b"%04x%b" % (len(data) + 4, data)])
            return
        if not self._has_send_buffer:
            self._has_send_buffer = True
            self._stream.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER)
        for buffers in batches(memoryview(data).cast("B")):
            self._send_or_buffer(buffers)

    @property
    def peer(self) -> Peer:
        """The client's user and process; a system call each time."""
        return peer_of(self._stream)

    def process(self) -> int | None:
        """Return a new descriptor of the client's process, or None; see `Connection.process`."""
        return process_of(self._stream)

    def finish(self, last: bytes) -> bytes:
        """End the reply; send the last piece if it is large; return the rest for `end`."""
        self._finished = True
        if len(last) > MAX_DATA:
            for buffers in batches(memoryview(last)):
                self._send_or_buffer(buffers)
            last = b""
        return framed(last)

    @property
    def kernel_buffer(self) -> int:
        """How many unread bytes the kernel may buffer."""
        return _SEND_BUFFER if self._has_send_buffer else 0

    def end(self, end: bytes) -> bytearray:
        """Send the result of `finish`; return the bytes that could not be sent yet."""
        sent = 0 if self._buffered else self._send_now([end], NONBLOCKING)
        if sent < len(end):
            self._send_or_buffer([end[sent:]])
        return self._buffered

    def detach(self) -> bytearray:
        """End the reply, as another one goes on; return the bytes that could not be sent yet."""
        self._finished = True
        return self._buffered

    def abandon(self) -> None:
        """End the reply without an end packet."""
        self._finished = True

    def _send_or_buffer(self, buffers: Buffers) -> None:
        self.started = True
        if self._buffered:
            del self._buffered[: self._send([self._buffered])]
        left = buffers if self._buffered else unsent(buffers, self._send(buffers))
        if len(self._buffered) + _size(left) > MAX_BUFFERED:
            with self._workers.blocked_on(self._stream):
                left = self._wait(left)
        # Copied, because the caller may reuse its buffer afterwards.
        for buffer in left:
            self._buffered += buffer

    def _send(self, buffers: Buffers) -> int:
        size = _size(buffers)
        sent = 0 if self._has_send_timeout else self._send_now(buffers, NONBLOCKING)
        if sent < size and self._workers.has_idle_worker():
            # A blocking send is the cheapest way to wait for a client that reads.
            if not self._has_send_timeout:
                self._stream.setsockopt(SOL_SOCKET, SO_SNDTIMEO, _SEND_TIMEOUT)
                self._has_send_timeout = True
            sent += self._send_now(unsent(buffers, sent), _NO_SIGPIPE)
        elif self._has_send_timeout:
            sent = self._send_now(buffers, NONBLOCKING)
        return sent

    def _send_now(self, buffers: Buffers, flags: int) -> int:
        try:
            if len(buffers) == 1:
                return self._stream.send(buffers[0], flags)
            return self._stream.sendmsg(buffers, (), flags)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.lost = True
            raise translated(error) from error

    def _wait(self, left: Buffers) -> Buffers:
        while len(self._buffered) + _size(left) > MAX_BUFFERED:
            began = time.monotonic()
            poll = select.poll()
            poll.register(self._stream, select.POLLOUT)
            if not poll.poll(max(self._time_left, 0) * 1000):
                self.lost = True
                raise TimedOutError("the client did not read its answer within reply_timeout")
            self._time_left -= time.monotonic() - began
            if self._buffered:
                del self._buffered[: self._send_now([self._buffered], NONBLOCKING)]
            else:
                left = unsent(left, self._send_now(left, NONBLOCKING))
        return left


def _size(buffers: Buffers) -> int:
    return sum(map(len, buffers))
