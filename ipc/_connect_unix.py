"""Reach a server over a Unix domain socket; what few paths need is loaded by those that do."""
# ruff: noqa: E402  # the type checker has to know first

import sys

assert sys.platform != "win32"  # tells the type checker; Windows has other modules


import _socket
import errno
from _socket import AF_UNIX, SOCK_STREAM, socket

from ipc.errors import Error, InvalidPathError, NoServerError, TimedOutError, UnreachableError

Stream = socket
"""A client's end of a connection."""

_NOT_FOUND = 3  # ActiveState.PATH_NOT_FOUND, which would cost the import of enum
_NONBLOCK: int = getattr(_socket, "SOCK_NONBLOCK", 0)  # spares a system call where it exists
_SHORT = 103  # bytes; what every system takes
_NEVER = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EPROTOTYPE)


def open_stream(path: bytes, disallow_chdir: bool) -> socket:
    """Return a blocking socket whose peer is the server at `path`; never wait for one."""
    if not path or b"\0" in path:
        # The kernel would take both for names that are not in the file system.
        name = path.decode(errors="backslashreplace")
        raise InvalidPathError(f"{name!r} is no path of a file")
    # A server whose queue is full would make a blocking connect wait without limit.
    stream = socket(AF_UNIX, SOCK_STREAM | _NONBLOCK)
    try:
        if not _NONBLOCK:
            stream.setblocking(False)
        if len(path) <= _SHORT:
            stream.connect(path)
        else:
            _connect_far(stream, path, disallow_chdir)
        stream.setblocking(True)
    except Error:
        stream.close()
        raise
    except OSError as error:
        stream.close()
        raise _meaning(error, path) from error
    return stream


def _connect_far(stream: socket, path: bytes, disallow_chdir: bool) -> None:
    from ipc._address_unix import address

    with address(path, disallow_chdir) as short:
        stream.connect(short)


def _meaning(error: OSError, path: bytes) -> Error:
    import os

    name = os.fsdecode(path)
    if error.errno == errno.ENOENT:
        nobody = NoServerError(f"there is no server at {name!r}: start one")
        nobody.state = _NOT_FOUND
        return nobody
    if error.errno == errno.ECONNREFUSED:
        if _is_socket(path):
            return NoServerError(f"the server of {name!r} is gone or stopping: start one")
        return InvalidPathError(f"{name!r} is not a socket: remove it, or use another path")
    if error.errno == errno.EAGAIN:
        return TimedOutError(f"the server at {name!r} is too busy to take one more connection")
    if error.errno in _NEVER:
        return InvalidPathError(f"there can be no server at {name!r}: {error}")
    return UnreachableError(f"cannot reach a server at {name!r}: {error}")


def _is_socket(path: bytes) -> bool:
    import os
    import stat

    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True  # gone since: nobody is there any more
