"""An I/O completion port, which runs the callbacks of completed operations.

This uses `_overlapped`, like asyncio: pywin32 does not keep an operation in flight alive.
"""

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

_POSTED = 1  # never the address of an operation


class Operation(Protocol):
    """An asynchronous operation: an `_overlapped.Overlapped`."""

    address: int
    event: int
    pending: bool

    def ReadFile(self, handle: int, size: int, /) -> None: ...  # noqa: N802  # Windows' name
    def WriteFile(self, handle: int, data: bytes, /) -> None: ...  # noqa: N802  # Windows' name
    def ConnectNamedPipe(self, handle: int, /) -> bool: ...  # noqa: N802  # Windows' name
    def getresult(self) -> bytes: ...
    def cancel(self) -> None: ...


class Port:
    """The completion port of one server: any thread starts operations, workers complete them."""

    def __init__(self) -> None:
        self._handle = _overlapped.CreateIoCompletionPort(_overlapped.INVALID_HANDLE_VALUE, 0, 0, 0)
        self._lock = threading.Lock()  # guards _in_flight
        self._in_flight: dict[int, tuple[Operation, Callable[[Operation], object], int]] = {}
        self._posted: deque[Job] = deque()  # appending and popping are atomic

    def associate(self, handle: int) -> None:
        """Complete the operations of a pipe at this port."""
        _overlapped.CreateIoCompletionPort(handle, self._handle, 0, 0)

    def start(
        self, begin: Callable[[Operation], object], callback: Callable[[Operation], object]
    ) -> Operation:
        """Start an operation with `begin`; a worker calls `callback` with it at the end.

        The operation's `getresult` then says whether it succeeded.  Raise OSError if it cannot be
        started; `callback` is not called in that case.
        """
        operation: Operation = _overlapped.Overlapped()
        with self._lock:  # before the start, because another thread may complete it at once
            self._in_flight[operation.address] = operation, callback, threading.get_ident()
        try:
            is_complete = begin(operation)
        except BaseException:
            with self._lock:
                del self._in_flight[operation.address]
            raise
        if is_complete:  # the client had already connected: the port reports no completion then
            with self._lock:
                del self._in_flight[operation.address]
            self.post(partial(callback, operation))
        return operation

    def has_pending(self, thread: int) -> bool:
        """Return whether a thread has started operations that are in flight.

        Wine cancels them when that thread ends; Windows does so only without a port.
        """
        with self._lock:
            return any(each == thread for _, _, each in self._in_flight.values())

    def post(self, job: Job) -> None:
        """Queue a job for a worker."""
        self._posted.append(job)
        _overlapped.PostQueuedCompletionStatus(self._handle, 0, 0, _POSTED)

    def next_job(self) -> Job:
        """Wait for the next job; raise OSError if the port fails."""
        address = _overlapped.GetQueuedCompletionStatus(self._handle, _overlapped.INFINITE)[3]
        if address == _POSTED:
            return self._posted.popleft()
        with self._lock:
            operation, callback, _ = self._in_flight.pop(address)
        return partial(callback, operation)

    def close(self) -> None:
        """Close the port: no further operation completes."""
        _winapi.CloseHandle(self._handle)


class WakeEvent:
    """An event that wakes one thread; it takes no lock, so signal handlers may set it."""

    def __init__(self) -> None:
        self._event = _overlapped.CreateEvent(None, False, False, None)
        # Not while any object can still set it: the handle's number may be reused.
        weakref.finalize(self, _winapi.CloseHandle, self._event)

    def set(self) -> None:
        """Wake the thread that waits, or the next one that does."""
        _overlapped.SetEvent(self._event)

    def wait(self, seconds: float) -> None:
        """Wait until the event is set, for at most so many seconds."""
        _winapi.WaitForSingleObject(self._event, max(int(seconds * 1000), 0))
