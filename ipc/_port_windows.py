"""Finish what was begun on pipes on whichever thread is free: an I/O completion port.

By `_overlapped`, on which asyncio stands; pywin32 keeps no operation alive that is under way.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _overlapped
import _winapi
import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

Job = Callable[[], object]

_POSTED = 1  # the address of no operation


class Operation(Protocol):
    """What has been begun, or will be: an `_overlapped.Overlapped`."""

    address: int
    event: int
    pending: bool

    def ReadFile(self, handle: int, size: int, /) -> None: ...  # noqa: N802  # Windows' name
    def WriteFile(self, handle: int, data: bytes, /) -> None: ...  # noqa: N802  # Windows' name
    def ConnectNamedPipe(self, handle: int, /) -> bool: ...  # noqa: N802  # Windows' name
    def getresult(self) -> bytes: ...
    def cancel(self) -> None: ...


class Port:
    """What is begun by any thread is finished by one that has called `take`."""

    def __init__(self) -> None:
        self._handle = _overlapped.CreateIoCompletionPort(_overlapped.INVALID_HANDLE_VALUE, 0, 0, 0)
        self._lock = threading.Lock()  # guards what follows
        self._begun: dict[int, tuple[Operation, Callable[[Operation], object], int]] = {}
        self._posted: deque[Job] = deque()  # appending and popping are atomic

    def adopt(self, handle: int) -> None:
        """Have what is begun on a pipe be finished here."""
        _overlapped.CreateIoCompletionPort(handle, self._handle, 0, 0)

    def begin(
        self, start: Callable[[Operation], object], then: Callable[[Operation], object]
    ) -> Operation:
        """Begin an operation by `start`; when it has ended, well or not, `then` is called with it.

        Raises OSError if it can't be begun; then nothing is called.
        """
        operation: Operation = _overlapped.Overlapped()
        with self._lock:  # before it is begun, as another thread may finish it at once
            self._begun[operation.address] = operation, then, threading.get_ident()
        try:
            at_once = start(operation)
        except BaseException:
            with self._lock:
                del self._begun[operation.address]
            raise
        if at_once:  # a client was there before we waited for it: then nothing is told
            with self._lock:
                del self._begun[operation.address]
            self.post(partial(then, operation))
        return operation

    def waits_for(self, thread: int) -> bool:
        """Say whether something is under way that a thread has begun.

        When it ends, Wine cancels that; Windows does so where there is no port.
        """
        with self._lock:
            return any(each == thread for _, _, each in self._begun.values())

    def post(self, job: Job) -> None:
        """Have some thread do this."""
        self._posted.append(job)
        _overlapped.PostQueuedCompletionStatus(self._handle, 0, 0, _POSTED)

    def take(self) -> Job:
        """Wait for something to do; raise OSError if the port fails."""
        address = _overlapped.GetQueuedCompletionStatus(self._handle, _overlapped.INFINITE)[3]
        if address == _POSTED:
            return self._posted.popleft()
        with self._lock:
            operation, then, _ = self._begun.pop(address)
        return partial(then, operation)

    def close(self) -> None:
        """Finish nothing more."""
        _winapi.CloseHandle(self._handle)


class Bell:
    """Wakes one thread; no lock is taken, so signal handlers may ring it."""

    def __init__(self) -> None:
        self._event = _overlapped.CreateEvent(None, False, False, None)
        # Not before the last that may ring it has gone: the number may be used again.
        weakref.finalize(self, _winapi.CloseHandle, self._event)

    def ring(self) -> None:
        """Wake who waits, or who will next."""
        _overlapped.SetEvent(self._event)

    def wait(self, seconds: float) -> None:
        """Wait until it rings, for so many seconds at most."""
        _winapi.WaitForSingleObject(self._event, max(int(seconds * 1000), 0))
