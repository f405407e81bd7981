"""Ask a server; what few requests need is loaded by those that do, as Git waits for this."""

import sys
from time import monotonic, sleep

from ipc.errors import Error, HungUpError, InvalidPathError, translated
from ipc.pktline import MAX_DATA, framed, whole

if sys.platform == "win32":
    from ipc._connect_windows import Stream, is_trusted, open_stream, peer_of, process_of
else:
    from ipc._connect_unix import Stream, open_stream
    from ipc._peer_unix import is_trusted, peer_of, process_of

__all__ = [
    "MAX_ANSWER",
    "ConnectOptions",
    "Connection",
    "Patience",
    "Stream",
    "as_bytes",
    "connect",
    "get_active_state",
    "open_stream",
    "send_command",
    "try_connect",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from ipc._application import Peer
    from ipc.state import ActiveState

    Data = bytes | bytearray | memoryview
    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

MAX_ANSWER = 1 << 30
"""Bytes of an answer that is returned as a whole, unless a caller says otherwise."""
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_FIRST_RECEIVE = 65536  # bytes; most answers are complete in the first piece of this size
_SHORTEST_NAP = 0.001  # seconds between two attempts to connect; doubled each time
_LONGEST_NAP = 0.05  # seconds; Git's own interval


class ConnectOptions:
    """How to connect; the meaning of each is that of Git's `ipc_client_connect_options`."""

    __slots__ = ("timeout", "uds_disallow_chdir", "wait_if_busy", "wait_if_not_found")

    def __init__(
        self,
        wait_if_busy: bool = False,
        wait_if_not_found: bool = False,
        uds_disallow_chdir: bool = False,
        timeout: float = 1.0,
    ) -> None:
        self.wait_if_busy = wait_if_busy
        self.wait_if_not_found = wait_if_not_found
        self.uds_disallow_chdir = uds_disallow_chdir
        self.timeout = timeout

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"ConnectOptions({values})"


class Connection:
    """One exchange with a server: it answers a single request and then hangs up."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def is_trusted(self) -> bool:
        """Whether this user or root serves, by the kernel's word; True on Windows, for want of it.

        Whoever may write in a socket's folder can put one of his own there.
        """
        return is_trusted(self._stream)

    @property
    def peer(self) -> "Peer | None":
        """Who serves, by the kernel's word; None on Windows, which does not tell."""
        return peer_of(self._stream)

    def process(self) -> int | None:
        """Return a new descriptor of the process that serves, as `os.pidfd_open` has it.

        None where the kernel has no such thing: it takes Linux 6.5.
        """
        return process_of(self._stream)

    def send_command(
        self,
        message: "Data | Iterable[Data]",
        timeout: float | None = None,
        *,
        limit: int = MAX_ANSWER,
    ) -> bytes:
        """Return the whole answer, or raise TimedOutError after `timeout` seconds in all.

        An answer of more than `limit` bytes is a ProtocolError, and no more of it is received.
        """
        deadline = None if timeout is None else monotonic() + timeout
        if not isinstance(message, bytes) or len(message) > MAX_DATA:
            return self._exchange_long(message, deadline, limit)
        # What follows is the same for a small message, with a system call for each direction.
        stream = self._stream
        try:
            if deadline is not None:
                stream.settimeout(timeout)
            stream.sendall(framed(message))
            if deadline is not None:
                stream.settimeout(max(deadline - monotonic(), 1e-6))
            data = stream.recv(_FIRST_RECEIVE)
            answer = whole(data)
            if answer is None and 0 < len(data) < _FIRST_RECEIVE:
                # The end packet may have been sent after the data, as Git's own server does.
                data += stream.recv(_FIRST_RECEIVE)
                answer = whole(data)
        except OSError as error:
            raise translated(error) from error
        if answer is None or len(answer) > limit:
            return self._rest(data, deadline, limit)
        return answer

    def stream_command(
        self, message: "Data | Iterable[Data]", timeout: float | None = None
    ) -> "Iterator[bytes]":
        """Send at once, and return an iterator over the answer that keeps one piece at a time.

        The timeout is for the whole exchange, with what the caller does between two pieces.
        """
        from ipc.message import received, send_message

        deadline = None if timeout is None else monotonic() + timeout
        send_message(self._stream, message, deadline)
        return received(self._stream, deadline)

    def close(self) -> None:
        """Hang up.  Harmless when repeated."""
        self._stream.close()

    def fileno(self) -> int:
        """Return the descriptor of the connection, -1 when it is closed."""
        return self._stream.fileno()

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: "BaseException | None",
        trace: "TracebackType | None",
    ) -> None:
        self.close()

    def _exchange_long(
        self, message: "Data | Iterable[Data]", deadline: float | None, limit: int
    ) -> bytes:
        from ipc.message import receive_message, send_message

        send_message(self._stream, message, deadline)
        return receive_message(self._stream, deadline, limit=limit)

    def _rest(self, data: bytes, deadline: float | None, limit: int) -> bytes:
        if not data:
            raise HungUpError("the server hung up without an answer: it is stopping, or refuses us")
        from ipc.message import receive_message

        return receive_message(self._stream, deadline, begun=data, limit=limit)


_DEFAULTS = ConnectOptions()


class Patience:
    """How long an attempt to connect is repeated."""

    __slots__ = ("_deadline", "_nap", "_options")

    def __init__(self, options: ConnectOptions) -> None:
        self._options = options
        self._deadline = monotonic() + options.timeout
        self._nap = _SHORTEST_NAP

    def nap(self, error: Error) -> float:
        """Return how long to sleep after an error; raise it where waiting is not asked for."""
        left = self._deadline - monotonic()
        if left <= 0 or not _worth_waiting(error, self._options):
            raise error
        nap = min(self._nap, left)
        self._nap = min(2 * nap, _LONGEST_NAP)
        return nap


def connect(path: "Path", options: ConnectOptions | None = None) -> Connection:
    """Return a connection, or raise what keeps us from having one."""
    options = options or _DEFAULTS
    name = as_bytes(path)
    patience = None
    while True:
        try:
            return Connection(open_stream(name, options.uds_disallow_chdir))
        except Error as error:
            patience = patience or Patience(options)
            sleep(patience.nap(error))


def try_connect(
    path: "Path", options: ConnectOptions | None = None
) -> "tuple[ActiveState, Connection | None]":
    """Return what is at the path, and a connection if that is a server."""
    from ipc.state import ActiveState

    try:
        return ActiveState.LISTENING, connect(path, options)
    except Error as error:
        return ActiveState(error.state), None


def get_active_state(path: "Path") -> "ActiveState":
    """Return what is at the path, by a connection that asks nothing; never raise for a state."""
    state, connection = try_connect(path)
    if connection:
        connection.close()
    return state


def send_command(
    path: "Path",
    message: "Data | Iterable[Data]",
    options: ConnectOptions | None = None,
    timeout: float | None = None,
    *,
    limit: int = MAX_ANSWER,
) -> bytes:
    """Connect, ask, return the whole answer of at most `limit` bytes, hang up."""
    connection = connect(path, options)
    try:
        return connection.send_command(message, timeout, limit=limit)
    finally:
        connection.close()


def as_bytes(path: "Path") -> bytes:
    """Return the path as the system takes it."""
    if not isinstance(path, str | bytes):
        path = path.__fspath__()
    if isinstance(path, bytes):
        return path
    try:
        return path.encode(_ENCODING, _ERRORS)
    except UnicodeEncodeError as error:
        raise InvalidPathError(f"{path!a} is no path of a file: {error}") from error


def _worth_waiting(error: Error, options: ConnectOptions) -> bool:
    busy, not_found = 1, 3  # ActiveState.NOT_LISTENING and PATH_NOT_FOUND
    return (error.state == busy and options.wait_if_busy) or (
        error.state == not_found and options.wait_if_not_found
    )
