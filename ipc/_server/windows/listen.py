"""Claim the name of a pipe, and own its waiting instances.

Some instances always wait for a client.  A client connects to one of them, and stays connected
until a worker is free, as in the backlog of a socket.  Only the user of the process has access.
"""

import sys

assert sys.platform == "win32"  # tells the type checker; Unix has other modules


import _winapi
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import pywintypes
import win32api
import win32pipe
import win32security

from ipc._address_windows import pipe_name
from ipc._connect_windows import open_stream
from ipc._server.windows.port import Operation, Port
from ipc.errors import (
    AddressInUseError,
    Error,
    InvalidPathError,
    NoServerError,
    TimedOutError,
    UnreachableError,
)

if TYPE_CHECKING:
    from _win32typing import PyHANDLE, PySECURITY_ATTRIBUTES

BACKLOG = 64  # instances that wait for clients
_QUOTA = 65536  # bytes that the system buffers for a connection in each direction
_REJECT_REMOTE = 0x8  # PIPE_REJECT_REMOTE_CLIENTS; the mode is bytes and blocking: both are 0
_UNLIMITED = 255  # PIPE_UNLIMITED_INSTANCES
_TIMEOUT = 2.0  # seconds in which a stopping server releases its name
_RETRY_INTERVAL = 0.005  # seconds between two attempts
_TOKEN_QUERY = 0x8  # two constants of `win32con`, which is slow to import
_GENERIC_ALL = 0x10000000
# Errors for the first instance of a name that exists; 5 is ERROR_ACCESS_DENIED.
_TAKEN = (5, _winapi.ERROR_PIPE_BUSY)


class Listener:
    """A pipe's name and its waiting instances; this process owns both until `close`."""

    def __init__(self, path: bytes, port: Port, on_connect: Callable[[int], None]) -> None:
        self.name = pipe_name(path)
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise InvalidPathError(f"there is no folder for {os.fsdecode(path)!r}: create it")
        self._port = port
        self._on_connect = on_connect  # called on a worker, with the handle of a new connection
        self._access = _user_only_access()
        self._lock = threading.Lock()  # guards everything below
        self._waiting: dict[int, Operation | None] = {}  # by handle
        self._connecting = 0  # how many clients are between `_waiting` and the end of `_on_connect`
        self._closed = False
        self._claim(path)

    @property
    def is_low(self) -> bool:
        """Whether so few instances wait that `top_up` is due; without the lock, it is a hint."""
        return len(self._waiting) < BACKLOG // 2

    @property
    def is_accepting(self) -> bool:
        """Whether instances still wait, or clients are connecting."""
        with self._lock:
            return bool(self._waiting or self._connecting)

    def top_up(self) -> None:
        """Add instances until the full number waits; raise OSError if the system refuses one.

        The calling thread must live long: see `Port.has_pending`.
        """
        while True:
            with self._lock:
                if self._closed or len(self._waiting) >= BACKLOG:
                    return
                self._add_locked()

    def stop_accepting(self) -> None:
        """Refuse new clients; those that have connected are still served."""
        with self._lock:
            self._closed = True
            operations = list(self._waiting.values())
        for operation in operations:
            if operation is not None:
                operation.cancel()

    def close(self) -> None:
        """Release the name.  Harmless when repeated."""
        with self._lock:
            self._closed = True
            handles, self._waiting = self._waiting, {}
        for handle in handles:
            _winapi.CloseHandle(handle)

    def _claim(self, path: bytes) -> None:
        # The flag for the first instance decides.  The attempt to connect finds a running server
        # without a wait, and also where the flag has no effect.
        deadline = time.monotonic() + _TIMEOUT
        while True:
            try:
                open_stream(path, False).close()
            except NoServerError:
                if self._create_first():
                    return
            except TimedOutError:
                pass  # all instances are in use, perhaps by a server that is stopping
            except Error as error:
                raise UnreachableError(f"cannot serve at {self.name}: {error}") from error
            else:
                raise AddressInUseError(f"a server is already running at {self.name}")
            if time.monotonic() > deadline:
                raise AddressInUseError(f"a server owns {self.name}, and is busy or stopping")
            time.sleep(_RETRY_INTERVAL)

    def _create_first(self) -> bool:
        try:
            with self._lock:
                self._add_locked(_winapi.FILE_FLAG_FIRST_PIPE_INSTANCE)
        except OSError as error:
            if error.winerror in _TAKEN:
                return False  # race: another server has just claimed the name
            raise UnreachableError(f"cannot serve at {self.name}: {error}") from error
        return True

    def _add_locked(self, flag: int = 0) -> None:
        mode = _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | flag
        try:
            created = cast(
                "PyHANDLE",  # not an int, as the type stubs declare
                win32pipe.CreateNamedPipe(
                    self.name, mode, _REJECT_REMOTE, _UNLIMITED, _QUOTA, _QUOTA, 0, self._access
                ),
            )
        except pywintypes.error as error:
            raise OSError(0, error.strerror, self.name, error.winerror) from error
        handle = int(created.Detach())
        self._waiting[handle] = None  # first, because another thread may complete it at once
        try:
            self._port.associate(handle)
            self._waiting[handle] = self._port.start(
                lambda operation: operation.ConnectNamedPipe(handle),
                partial(self._connected, handle),
            )
        except OSError:  # race: a client has connected and disconnected meanwhile
            del self._waiting[handle]
            _winapi.CloseHandle(handle)

    def _connected(self, handle: int, operation: Operation) -> None:
        with self._lock:
            is_waiting = handle in self._waiting
            self._waiting.pop(handle, None)
            self._connecting += is_waiting
        if not is_waiting:
            return
        try:
            operation.getresult()
        except OSError:
            _winapi.CloseHandle(handle)
        else:
            self._on_connect(handle)
        finally:
            with self._lock:
                self._connecting -= 1


def _user_only_access() -> "PySECURITY_ATTRIBUTES":
    """Return attributes that allow only the user of this process, and are not inherited."""
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), _TOKEN_QUERY)
    user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
    access = win32security.ACL()
    access.AddAccessAllowedAce(win32security.ACL_REVISION, _GENERIC_ALL, user)
    attributes = win32security.SECURITY_ATTRIBUTES()
    attributes.bInheritHandle = False  # the default is True
    attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorDacl(True, access, False)
    return attributes
