"""Connect to a Unix domain socket; import rarely needed modules on demand."""
# ruff: noqa: E402  # the type checker needs the assertion first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import _socket
import errno
from _socket import AF_UNIX, SOCK_STREAM, socket

from ipc.errors import Error, InvalidPathError, NoServerError, TimedOutError, UnreachableError

Stream = socket
"""The client's end of a connection."""

_NOT_FOUND = 3  # ActiveState.PATH_NOT_FOUND, which would require the import of enum
_NONBLOCK: int = getattr(_socket, "SOCK_NONBLOCK", 0)  # saves a system call where it exists
_SHORT = 103  # bytes; every system accepts an address of this length
_INVALID_PATH = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EPROTOTYPE)


def open_stream(path: bytes, disallow_chdir: bool) -> socket:
    """Return a blocking socket that is connected to the server at `path`; never wait for one."""
    if not path or b"\0" in path:
        # For the kernel, both are addresses outside the file system.
        name = path.decode(errors="backslashreplace")
        raise InvalidPathError(f"{name!r} is not a valid path")
    # A blocking connect waits without limit when the server's backlog is full.
    stream = socket(AF_UNIX, SOCK_STREAM | _NONBLOCK)
    try:
        if not _NONBLOCK:
            stream.setblocking(False)
        if len(path) <= _SHORT:
            stream.connect(path)
        else:
            _connect_long(stream, path, disallow_chdir)
        stream.setblocking(True)
    except Error:
        stream.close()
        raise
    except OSError as error:
        stream.close()
        raise _translated(error, path) from error
    return stream


def _connect_long(stream: socket, path: bytes, disallow_chdir: bool) -> None:
    from ipc._address_unix import address

    with address(path, disallow_chdir) as short:
        stream.connect(short)


def _translated(error: OSError, path: bytes) -> Error:
    import os

    name = os.fsdecode(path)
    if error.errno == errno.ENOENT:
        not_found = NoServerError(f"there is no server at {name!r}: start one")
        not_found.state = _NOT_FOUND
        return not_found
    if error.errno == errno.ECONNREFUSED:
        if _is_socket(path):
            return NoServerError(f"the server of {name!r} is gone or stopping: start one")
        return InvalidPathError(f"{name!r} is not a socket: remove it, or use another path")
    if error.errno == errno.EAGAIN:
        return TimedOutError(f"the server at {name!r} is too busy to accept another connection")
    if error.errno in _INVALID_PATH:
        return InvalidPathError(f"no server can listen at {name!r}: {error}")
    return UnreachableError(f"cannot reach a server at {name!r}: {error}")


def _is_socket(path: bytes) -> bool:
    import os
    import stat

    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True  # race: removed since the attempt to connect, so there is no server
