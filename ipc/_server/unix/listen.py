"""Claim a path, and own the listening socket there.

Other processes never see an intermediate state of a claim.  Under a lock file: check whether a
server runs at the path, bind a socket in a private directory, let it listen, then rename it into
place.  So a client always finds the old or the new socket, and a new one always listens.

The owner of the folder can replace its entries at any moment.  So no mode is set through a name in
the folder: only this process can write in the private directory.
"""

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import errno
import os
import select
import socket
import stat
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

from ipc._address_unix import MAX_ADDRESS, has_descriptor_path, open_directory, short_address
from ipc._server.unix.lock import locked
from ipc._server.unix.private import SOCKET, PrivateDirectory, private_directory
from ipc.errors import AddressInUseError, Error, InvalidPathError, UnreachableError, UnsafePathError

_MODE = 0o600
BACKLOG = 4096  # connections that wait for accept; often the kernel's own limit too

SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""The system has run out of a resource, and may have it again soon."""

# Whether accept() returns when another thread shuts down the listening socket: Linux ensures that.
_SHUTDOWN_WAKES = sys.platform == "linux"

Identity = tuple[int, int]
"""The device and the inode of a file."""
Bound = tuple[socket.socket, Identity]
"""A listening socket, and the identity of its file."""


class Listener:
    """A listening socket and its path; this process owns both until `close`."""

    def __init__(self, bound: Bound, path: bytes, directory: int, disallow_chdir: bool) -> None:
        self.path = path
        self._socket, self._identity = bound
        self._readiness = select.poll()  # polled by one thread at a time
        self._readiness.register(self._socket, select.POLLIN)
        self._directory = directory  # a descriptor: it stays valid when the folder is moved
        self._disallow_chdir = disallow_chdir
        self._process = os.getpid()
        # Guards the path from the look at it until it is removed, so that no other thread gives it
        # up meanwhile.  A signal handler may interrupt the thread that holds it.
        self._lock = threading.RLock()
        self._shutdown_pipe = None if _SHUTDOWN_WAKES else socket.socketpair()
        _listeners.add(self)

    def accept(self) -> int:
        """Return the descriptor of the next connection; raise OSError after `shut_down`."""
        if self._shutdown_pipe is not None:
            return self._poll_and_accept(self._shutdown_pipe[0])
        return self._accept()

    def _accept(self) -> int:
        # Without the socket object and the address that the public method creates.
        descriptor: int = self._socket._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001
        return descriptor

    def _poll_and_accept(self, shutdown: socket.socket) -> int:
        # Each connection wakes all waiting threads; those without a connection wait again.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(shutdown, select.POLLIN)
        while True:
            if (shutdown.fileno(), select.POLLIN) in poll.poll():
                raise OSError(errno.EINVAL, "the listener was shut down")
            try:
                descriptor = self._accept()
            except BlockingIOError:
                continue
            os.set_blocking(descriptor, True)  # on BSD it inherits the listening socket's mode
            return descriptor

    def is_waited_for(self) -> bool:
        """Return whether a connection can be accepted at once."""
        return bool(self._readiness.poll(0))

    def shut_down(self) -> None:
        """Make every current and later `accept` fail.  Signal handlers may call it: no lock."""
        try:
            if self._shutdown_pipe is not None:
                self._shutdown_pipe[1].send(b"x")
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # already closed, or the system does not shut down listening sockets

    def wake_one(self) -> bool:
        """Make one `accept` return, with a connection that is closed at once; return success."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
                stream.setblocking(False)
                _with_address(stream.connect, self._directory, self.path, self._disallow_chdir)
        except BlockingIOError:
            return True  # the backlog is full, so no thread waits in accept
        except (OSError, Error):
            return False
        return True

    def loss_reason(self) -> str | None:
        """Return how the socket was lost, or None if the path still leads to it."""
        try:
            identity = _identity_of(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return "its socket was removed"
        except OSError:
            return None  # unknown: a path that cannot be read now is no reason to stop
        return None if identity == self._identity else "its socket was replaced"

    def unlink(self) -> None:
        """Remove the path if it still leads to this socket, but never in a forked child.

        Signal handlers may call it.
        """
        if os.getpid() != self._process:
            return
        name = os.path.basename(self.path)
        # Once the socket is closed, another server's may have got its inode number.
        with self._lock, suppress(OSError):  # already removed, or not accessible
            if self._socket.fileno() != -1 and self._identity == _identity_of(
                name, self._directory
            ):
                os.unlink(name, dir_fd=self._directory)

    def close_socket(self) -> None:
        """Close the socket, and disconnect the clients in its backlog."""
        with self._lock:
            self._socket.close()
        for end in self._shutdown_pipe or ():
            end.close()

    def close(self) -> None:
        """Remove the path, and close the socket.  Harmless when repeated."""
        if self._directory >= 0:
            self.unlink()
            os.close(self._directory)
            self._directory = -1
        self.close_socket()

    def close_in_child(self) -> None:
        """Close what a fork has inherited; the path is the parent's."""
        self._lock = threading.RLock()  # a thread that is not there may have held it
        self.close()


_listeners: "weakref.WeakSet[Listener]" = weakref.WeakSet()  # all of this process


def _close_in_child() -> None:
    # A socket that stays open in a child would queue connections after the parent's death.
    for listener in list(_listeners):
        listener.close_in_child()


os.register_at_fork(after_in_child=_close_in_child)


def claim(path: bytes, *, disallow_chdir: bool, allow_shared_directory: bool) -> Listener:
    """Claim a path; return its listening socket."""
    if not path or b"\0" in path:
        raise InvalidPathError(f"{os.fsdecode(path)!r} is not a valid path")
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    try:
        directory = open_directory(folder)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise cannot_serve(path, error) from error
        why = f"cannot create a socket in {os.fsdecode(folder)!r}: {error.strerror}"
        raise InvalidPathError(why) from error
    try:
        if not allow_shared_directory:
            _refuse_shared(directory, folder)
        with locked(directory, name + b".lock"):
            _refuse_occupied(directory, path, disallow_chdir)
            bound = _bind_and_listen(directory, path, disallow_chdir)
            try:
                return Listener(bound, path, directory, disallow_chdir)
            except BaseException:
                bound[0].close()
                os.unlink(name, dir_fd=directory)
                raise
    except BaseException as error:
        os.close(directory)
        if isinstance(error, Error) or not isinstance(error, OSError):
            raise
        raise cannot_serve(path, error) from error


def cannot_serve(path: bytes, error: OSError) -> UnreachableError:
    """Return the error for a path that the system refuses to serve, with the remedy."""
    why = error.strerror or str(error)
    if error.errno == errno.EMFILE:
        why += "; raise the limit of open files (ulimit -n), or close some"
    return UnreachableError(f"cannot serve at {os.fsdecode(path)!r}: {why}")


def _refuse_shared(directory: int, folder: bytes) -> None:
    status = os.fstat(directory)
    # Members of the process's own group do not count as others: a umask of 002 assumes that too.
    others = stat.S_IWOTH if status.st_gid == os.getegid() else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & others and not status.st_mode & stat.S_ISVTX:
        raise UnsafePathError(
            f"other users may write in {os.fsdecode(folder)!r}, so they could replace the socket:"
            " chmod go-w the folder, or pass allow_shared_directory=True"
        )


def _refuse_occupied(directory: int, path: bytes, disallow_chdir: bool) -> None:
    name = os.path.basename(path)
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise InvalidPathError(
            f"{os.fsdecode(path)!r} is not a socket: remove it, or use another path"
        )
    try:
        is_running = _is_served(directory, path, disallow_chdir)
    except PermissionError as error:
        raise UnreachableError(
            f"{os.fsdecode(path)!r} belongs to user {status.st_uid}, whose server may be running"
            " there: have that user stop it, or remove the file"
        ) from error
    if is_running:
        raise AddressInUseError(f"a server is already running at {os.fsdecode(path)!r}")


def _is_served(directory: int, path: bytes, disallow_chdir: bool) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            _with_address(probe.connect, directory, path, disallow_chdir)
        except BlockingIOError:
            return True  # its backlog is full
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def _bind_and_listen(directory: int, path: bytes, disallow_chdir: bool) -> Bound:
    """Put a listening socket at the path; return it and its identity."""
    folder, name = os.path.split(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with private_directory(directory, name) as private:
            # Linux gives the file the mode of the socket.  macOS refuses to set that; there no
            # client can connect before the socket listens.
            with suppress(OSError):
                os.fchmod(listening.fileno(), _MODE)
            try:
                _bind(listening, private, folder, disallow_chdir)
                identity = _set_mode(private)
                listening.setblocking(_SHUTDOWN_WAKES)
                listening.listen(BACKLOG)
                os.rename(SOCKET, name, src_dir_fd=private.descriptor, dst_dir_fd=directory)
            except BaseException:
                with suppress(OSError):
                    os.unlink(SOCKET, dir_fd=private.descriptor)
                raise
    except BaseException:
        listening.close()
        raise
    return listening, identity


def _bind(
    listening: socket.socket, private: PrivateDirectory, folder: bytes, disallow_chdir: bool
) -> None:
    long_path = os.path.join(folder, private.name, SOCKET)
    if not has_descriptor_path(private.descriptor) and len(long_path) <= MAX_ADDRESS:
        listening.bind(long_path)
        return
    with short_address(private.descriptor, SOCKET, disallow_chdir) as short_path:
        listening.bind(short_path)


def _set_mode(private: PrivateDirectory) -> Identity:
    status = os.stat(SOCKET, dir_fd=private.descriptor, follow_symlinks=False)
    if private.is_ours and stat.S_IMODE(status.st_mode) != _MODE:
        os.chmod(SOCKET, _MODE, dir_fd=private.descriptor)
    return status.st_dev, status.st_ino


def _with_address(
    action: Callable[[bytes], None], directory: int, path: bytes, disallow_chdir: bool
) -> None:
    if len(path) <= MAX_ADDRESS:
        action(path)
        return
    with short_address(directory, os.path.basename(path), disallow_chdir) as short_path:
        action(short_path)


def _identity_of(path: bytes, directory: int | None = None) -> Identity:
    status = os.stat(path, dir_fd=directory, follow_symlinks=False)
    return status.st_dev, status.st_ino
