"""Own the name of a Windows named pipe, for the user alone.

There are always some instances that no client has yet: who comes finds one, and waits in it until
a worker is free, as in the queue of a socket.
"""
# ruff: noqa: E402  # the type checker has to know first

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
from ipc._port_windows import Operation, Port
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
_QUOTA = 65536  # bytes in each direction that the system keeps for a connection
_FOR_REMOTE = 0x8  # PIPE_REJECT_REMOTE_CLIENTS; the mode is by bytes, and to be waited for: 0
_UNLIMITED = 255  # PIPE_UNLIMITED_INSTANCES
_PATIENCE = 2.0  # seconds in which a server that stops has let its name go
_NAP = 0.005  # seconds between two attempts
_TOKEN_QUERY = 0x8  # these two by number, as `win32con` is slow to import
_GENERIC_ALL = 0x10000000
_TAKEN = (5, _winapi.ERROR_PIPE_BUSY)  # and ERROR_ACCESS_DENIED: what the flag causes


class Listener:
    """A pipe's name, and the instances that wait for clients; ours until `close`."""

    def __init__(self, path: bytes, port: Port, welcome: Callable[[int], None]) -> None:
        self.name = pipe_name(path)
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise InvalidPathError(f"there is no folder for {os.fsdecode(path)!r}: make it first")
        self._port = port
        self._welcome = welcome  # called on a worker with each instance that a client has
        self._access = _for_this_user()
        self._lock = threading.Lock()  # guards what follows
        self._waiting: dict[int, Operation | None] = {}  # by handle
        self._welcomed = 0  # how many are being so, at this moment
        self._closed = False
        self._claim(path)

    @property
    def is_running_short(self) -> bool:
        """Whether to `top_up` soon."""
        return len(self._waiting) < BACKLOG // 2

    @property
    def waits(self) -> bool:
        """Whether clients can still connect, or have, and are not welcome yet."""
        with self._lock:
            return bool(self._waiting or self._welcomed)

    def top_up(self) -> None:
        """Have as many instances wait as there should be; raise OSError if there can't be.

        To be called on a thread that lasts: see Port.waits_for.
        """
        while True:
            with self._lock:
                if self._closed or len(self._waiting) >= BACKLOG:
                    return
                self._add_locked()

    def wind_up(self) -> None:
        """Let nobody connect any more; those who have are still welcome."""
        with self._lock:
            self._closed = True
            operations = list(self._waiting.values())
        for operation in operations:
            if operation is not None:
                operation.cancel()

    def close(self) -> None:
        """Give the name up.  Harmless when repeated."""
        with self._lock:
            self._closed = True
            handles, self._waiting = self._waiting, {}
        for handle in handles:
            _winapi.CloseHandle(handle)

    def _claim(self, path: bytes) -> None:
        # The flag for the first instance decides; who is asked before need not be kept waiting,
        # and is found where the flag is not heeded.
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                open_stream(path, False).close()
            except NoServerError:
                if self._is_first():
                    return
            except TimedOutError:
                pass  # all instances are taken; it may be those of a server that is stopping
            except Error as error:
                raise UnreachableError(f"cannot serve at {self.name}: {error}") from error
            else:
                raise AddressInUseError(f"a server is running at {self.name} already")
            if time.monotonic() > deadline:
                raise AddressInUseError(f"a server holds {self.name}, and is busy or stopping")
            time.sleep(_NAP)

    def _is_first(self) -> bool:
        try:
            with self._lock:
                self._add_locked(_winapi.FILE_FLAG_FIRST_PIPE_INSTANCE)
        except OSError as error:
            if error.winerror in _TAKEN:
                return False  # somebody was faster: see who it is
            raise UnreachableError(f"cannot serve at {self.name}: {error}") from error
        return True

    def _add_locked(self, flag: int = 0) -> None:
        mode = _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | flag
        try:
            created = cast(
                "PyHANDLE",  # not the number that the type stubs promise
                win32pipe.CreateNamedPipe(
                    self.name, mode, _FOR_REMOTE, _UNLIMITED, _QUOTA, _QUOTA, 0, self._access
                ),
            )
        except pywintypes.error as error:
            raise OSError(0, error.strerror, self.name, error.winerror) from error
        handle = int(created.Detach())
        self._waiting[handle] = None  # at once, as another thread may finish it
        try:
            self._port.adopt(handle)
            self._waiting[handle] = self._port.begin(
                lambda operation: operation.ConnectNamedPipe(handle), partial(self._met, handle)
            )
        except OSError:  # a client came and went meanwhile
            del self._waiting[handle]
            _winapi.CloseHandle(handle)

    def _met(self, handle: int, operation: Operation) -> None:
        with self._lock:
            ours = handle in self._waiting
            self._waiting.pop(handle, None)
            self._welcomed += ours
        if not ours:
            return
        try:
            operation.getresult()
        except OSError:
            _winapi.CloseHandle(handle)
        else:
            self._welcome(handle)
        finally:
            with self._lock:
                self._welcomed -= 1


def _for_this_user() -> "PySECURITY_ATTRIBUTES":
    """Return what lets the user of this process in, and nobody else; nor is it inherited."""
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), _TOKEN_QUERY)
    user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
    access = win32security.ACL()
    access.AddAccessAllowedAce(win32security.ACL_REVISION, _GENERIC_ALL, user)
    attributes = win32security.SECURITY_ATTRIBUTES()
    attributes.bInheritHandle = False  # it is True if not told otherwise
    attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorDacl(True, access, False)
    return attributes
