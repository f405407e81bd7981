"""Send one answer, without letting a client that does not read hold a worker for long."""
# ruff: noqa: E402  # the type checker has to know first

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

# An owner that has restored the default action of SIGPIPE must not die of a client.
_NO_SIGNAL: int = getattr(_socket, "MSG_NOSIGNAL", 0)
AT_ONCE = MSG_DONTWAIT | _NO_SIGNAL

KEPT = 512 << 10  # bytes of one answer that are kept for a client that does not read at once
_COPIED = 16384  # bytes up to which one copy is cheaper than a gathering system call
# Bytes that the kernel may keep of a large answer: both sides then work at the same time, instead
# of waking each other in turn.  More brought nothing, and is held for a client that does not read.
_WIDE = 512 << 10
_STALLED = struct.pack("ll", 0, 10_000)  # a timeval: who reads at all does within 10 ms


class Waiting(Protocol):
    """What a conversation needs to know about the others before it waits."""

    def others_can_serve(self) -> bool: ...

    def holding_a_worker(self, stream: socket, /) -> AbstractContextManager[None]: ...


class Reply:
    """The answer to one request; calling it sends a piece."""

    __slots__ = (
        "_budget",
        "_kept",
        "_over",
        "_patient",
        "_stream",
        "_waiting",
        "_wide",
        "begun",
        "lost",
    )

    def __init__(self, stream: socket, waiting: Waiting, timeout: float) -> None:
        self._stream = stream
        self._waiting = waiting
        self._budget = timeout  # seconds for which this client may still make us wait
        self._kept = bytearray()
        self._patient = False
        self._over = False
        self._wide = False
        self.begun = False  # whether some of it was sent
        self.lost = False  # whether the client is

    def __call__(self, data: Data) -> None:
        """Send data now; raise HungUpError or TimedOutError when the client is lost."""
        if self._over:
            raise ValueError("the conversation is over: reply only while the application runs")
        if len(data) <= _COPIED and isinstance(data, bytes):
            if data:
                self._push([b"%04x%b" % (len(data) + 4, data)])
            return
        if not self._wide:
            self._wide = True
            self._stream.setsockopt(SOL_SOCKET, SO_SNDBUF, _WIDE)
        for buffers in batches(memoryview(data).cast("B")):
            self._push(buffers)

    @property
    def peer(self) -> Peer:
        """Who asks; a system call each time."""
        return peer_of(self._stream)

    def process(self) -> int | None:
        """Return a new descriptor of the process that asks, or None; see `Connection.process`."""
        return process_of(self._stream)

    def finish(self, last: bytes) -> bytes:
        """Accept no more; send the last piece if it is large, and return what is yet to `end`."""
        self._over = True
        if len(last) > MAX_DATA:
            for buffers in batches(memoryview(last)):
                self._push(buffers)
            last = b""
        return framed(last)

    @property
    def kernel_share(self) -> int:
        """How many bytes the kernel may keep of what the client has not read."""
        return _WIDE if self._wide else 0

    def end(self, end: bytes) -> bytearray:
        """Send what `finish` returned; return what the client has yet to read."""
        sent = 0 if self._kept else self._send_now([end], AT_ONCE)
        if sent < len(end):
            self._push([end[sent:]])
        return self._kept

    def abandon(self) -> None:
        """Accept no more."""
        self._over = True

    def _push(self, buffers: Buffers) -> None:
        self.begun = True
        if self._kept:
            del self._kept[: self._send([self._kept])]
        left = buffers if self._kept else unsent(buffers, self._send(buffers))
        if len(self._kept) + _size(left) > KEPT:
            with self._waiting.holding_a_worker(self._stream):
                left = self._wait(left)
        # Copied, as the caller may use its buffer again once we return.
        for buffer in left:
            self._kept += buffer

    def _send(self, buffers: Buffers) -> int:
        size = _size(buffers)
        sent = 0 if self._patient else self._send_now(buffers, AT_ONCE)
        if sent < size and self._waiting.others_can_serve():
            # Nothing costs less than to let the kernel wait for a client that reads.
            if not self._patient:
                self._stream.setsockopt(SOL_SOCKET, SO_SNDTIMEO, _STALLED)
                self._patient = True
            sent += self._send_now(unsent(buffers, sent), _NO_SIGNAL)
        elif self._patient:
            sent = self._send_now(buffers, AT_ONCE)
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
        while len(self._kept) + _size(left) > KEPT:
            began = time.monotonic()
            poll = select.poll()
            poll.register(self._stream, select.POLLOUT)
            if not poll.poll(max(self._budget, 0) * 1000):
                self.lost = True
                raise TimedOutError("the client did not read its answer within reply_timeout")
            self._budget -= time.monotonic() - began
            if self._kept:
                del self._kept[: self._send_now([self._kept], AT_ONCE)]
            else:
                left = unsent(left, self._send_now(left, AT_ONCE))
        return left


def _size(buffers: Buffers) -> int:
    return sum(map(len, buffers))
