"""Own a Unix domain socket path.

Claiming goes by steps that no other process can see half done: under a lock file, see whether
anyone lives at the path; bind a socket in a private directory; rename it into place when it already
listens.  A client finds the old socket, or the new one, but never none and never a mute one.

The owner of the folder can replace what is in it at any moment.  So no mode is set by a name in
the folder: the private directory is ours alone, and what is in it is what we put there.
"""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import errno
import os
import select
import socket
import stat
import weakref
from collections.abc import Callable
from contextlib import suppress

from ipc._address_unix import LONGEST, has_links, open_directory, short_address
from ipc._lock_unix import locked
from ipc._private_unix import SOCKET, PrivateDirectory, private_directory
from ipc.errors import AddressInUseError, Error, InvalidPathError, UnreachableError, UnsafePathError

_MODE = 0o600
BACKLOG = 4096  # connections that wait to be accepted; the kernel's own limit is often this too

SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system says when it has no more of something, which may be otherwise soon."""

# Where accept() returns when another thread shuts the listening socket down: Linux promises it.
_SHUTDOWN_WAKES = sys.platform == "linux"

Identity = tuple[int, int]
"""The device and the inode of what is at a path."""
Bound = tuple[socket.socket, Identity]
"""A listening socket, and what it is in the file system."""


class Listener:
    """A listening socket and the path that leads to it, both ours until `close`."""

    def __init__(self, bound: Bound, path: bytes, directory: int, disallow_chdir: bool) -> None:
        self.path = path
        self._socket, self._identity = bound
        self._directory = directory  # stays right when the folder is moved
        self._disallow_chdir = disallow_chdir
        self._process = os.getpid()
        self._wakeup = None if _SHUTDOWN_WAKES else socket.socketpair()
        _listeners.add(self)

    def accept(self) -> int:
        """Return the descriptor of the next connection; raise OSError once `wake` was called."""
        if self._wakeup is not None:
            return self._accept_or_wake(self._wakeup[0])
        return self._accept()

    def _accept(self) -> int:
        # Without the object and the address that the public method makes around it.
        descriptor: int = self._socket._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001
        return descriptor

    def _accept_or_wake(self, wakeup: socket.socket) -> int:
        # All that wait are woken for each connection; those who come too late wait again.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        while True:
            if (wakeup.fileno(), select.POLLIN) in poll.poll():
                raise OSError(errno.EINVAL, "the listener was shut down")
            try:
                descriptor = self._accept()
            except BlockingIOError:
                continue
            os.set_blocking(descriptor, True)  # BSD hands on what the listening socket has
            return descriptor

    def wake(self) -> None:
        """Make every `accept`, now and later, fail.  Takes no lock: signal handlers may call it."""
        try:
            if self._wakeup is not None:
                self._wakeup[1].send(b"x")
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed already, or a system that does not shut listeners down

    def knock(self) -> bool:
        """Let one `accept` return, by a connection that is closed at once."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
                stream.setblocking(False)
                _with_address(stream.connect, self._directory, self.path, self._disallow_chdir)
        except BlockingIOError:
            return True  # so many wait to be accepted that nobody sleeps
        except (OSError, Error):
            return False
        return True

    def lost(self) -> str | None:
        """Say how the path ceased to lead here, if it did."""
        try:
            identity = _identity_of(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return "its socket was removed"
        except OSError:
            return None  # cannot tell now; a path out of reach is no reason to give up
        return None if identity == self._identity else "its socket was replaced"

    def unlink(self) -> None:
        """Remove the path if it still leads here, and never in a child made by fork."""
        name = os.path.basename(self.path)
        try:
            if os.getpid() == self._process and self._identity == _identity_of(
                name, self._directory
            ):
                os.unlink(name, dir_fd=self._directory)
        except OSError:
            pass  # gone, or out of reach: then it is not ours to remove

    def close_socket(self) -> None:
        """Hang up on whoever waits to be accepted."""
        self._socket.close()
        for end in self._wakeup or ():
            end.close()

    def close(self) -> None:
        """Give the path up.  Harmless when repeated."""
        if self._directory >= 0:
            self.unlink()
            os.close(self._directory)
            self._directory = -1
        self.close_socket()


_listeners: "weakref.WeakSet[Listener]" = weakref.WeakSet()  # those of this process


def _close_in_child() -> None:
    # A socket that stays open in a child would take connections when the parent is long dead.
    for listener in list(_listeners):
        listener.close()


os.register_at_fork(after_in_child=_close_in_child)


def claim(path: bytes, *, disallow_chdir: bool, allow_shared_directory: bool) -> Listener:
    """Make the path ours, with a socket that listens but accepts nobody yet."""
    if not path or b"\0" in path:
        raise InvalidPathError(f"{os.fsdecode(path)!r} is no path of a file")
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    try:
        directory = open_directory(folder)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise cannot_serve(path, error) from error
        why = f"no socket can be in {os.fsdecode(folder)!r}: {error.strerror}"
        raise InvalidPathError(why) from error
    try:
        if not allow_shared_directory:
            _refuse_shared(directory, folder)
        with locked(directory, name + b".lock"):
            _refuse_occupied(directory, path, disallow_chdir)
            bound = _bound(directory, path, disallow_chdir)
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
    """Say that the system does not let us serve there, and what to do."""
    why = error.strerror or str(error)
    if error.errno == errno.EMFILE:
        why += "; raise the limit of open files (ulimit -n), or close some"
    return UnreachableError(f"cannot serve at {os.fsdecode(path)!r}: {why}")


def _refuse_shared(directory: int, folder: bytes) -> None:
    status = os.fstat(directory)
    # A group that is our own, as a umask of 002 presumes, is not "others".
    others = stat.S_IWOTH if status.st_gid == os.getegid() else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & others and not status.st_mode & stat.S_ISVTX:
        raise UnsafePathError(
            f"others may write in {os.fsdecode(folder)!r}, and so take the socket's place:"
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
            f"{os.fsdecode(path)!r} is in the way and no socket: remove it, or use another path"
        )
    try:
        lives = _lives(directory, path, disallow_chdir)
    except PermissionError as error:
        raise UnreachableError(
            f"{os.fsdecode(path)!r} belongs to user {status.st_uid}, whose server may be running"
            " there: have that user stop it, or remove the file"
        ) from error
    if lives:
        raise AddressInUseError(f"a server is running at {os.fsdecode(path)!r} already")


def _lives(directory: int, path: bytes, disallow_chdir: bool) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            _with_address(probe.connect, directory, path, disallow_chdir)
        except BlockingIOError:
            return True  # its queue is full
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def _bound(directory: int, path: bytes, disallow_chdir: bool) -> Bound:
    """Put a listening socket at the path; return it, and what is there now."""
    folder, name = os.path.split(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with private_directory(directory, name) as private:
            # Linux takes the mode from the socket.  macOS refuses that, and nobody can connect
            # there before it listens.
            with suppress(OSError):
                os.fchmod(listening.fileno(), _MODE)
            try:
                _bind(listening, private, folder, disallow_chdir)
                identity = _with_mode(private)
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
    long = os.path.join(folder, private.name, SOCKET)
    if not has_links(private.descriptor) and len(long) <= LONGEST:
        listening.bind(long)
        return
    with short_address(private.descriptor, SOCKET, disallow_chdir) as short:
        listening.bind(short)


def _with_mode(private: PrivateDirectory) -> Identity:
    status = os.stat(SOCKET, dir_fd=private.descriptor, follow_symlinks=False)
    if private.is_ours and stat.S_IMODE(status.st_mode) != _MODE:
        os.chmod(SOCKET, _MODE, dir_fd=private.descriptor)
    return status.st_dev, status.st_ino


def _with_address(
    action: Callable[[bytes], None], directory: int, path: bytes, disallow_chdir: bool
) -> None:
    if len(path) <= LONGEST:
        action(path)
        return
    with short_address(directory, os.path.basename(path), disallow_chdir) as short:
        action(short)


def _identity_of(path: bytes, directory: int | None = None) -> Identity:
    status = os.stat(path, dir_fd=directory, follow_symlinks=False)
    return status.st_dev, status.st_ino
