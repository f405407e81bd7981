"""The client; it imports rarely needed modules on demand, because Git waits for it."""

import sys
from time import monotonic, sleep

from ipc.errors import Error, HungUpError, InvalidPathError, translated
from ipc.pktline import MAX_DATA, decode_single, framed

if sys.platform == "win32":
    from ipc._connect_windows import Stream, is_trusted, open_stream, peer_of, process_of
else:
    from ipc._connect_unix import Stream, open_stream
    from ipc._peer_unix import is_trusted, peer_of, process_of

__all__ = [
    "MAX_ANSWER",
    "Backoff",
    "ConnectOptions",
    "Connection",
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

    from ipc._application import Data, Peer
    from ipc.state import ActiveState

    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

MAX_ANSWER = 1 << 30
"""The default limit of an answer that is returned as a whole, in bytes."""
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_FIRST_RECEIVE = 65536  # bytes; most answers are complete after one receive of this size
_FIRST_DELAY = 0.001  # seconds between the first two attempts to connect; doubled each time
_MAX_DELAY = 0.05  # seconds; Git's own interval


class ConnectOptions:
    """How to connect; each option means the same as in Git's `ipc_client_connect_options`."""

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
    """One exchange with a server: it answers one request and then closes the connection."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def is_trusted(self) -> bool:
        """Whether the server's user is this user or root, as the kernel reports.

        Any user who may write in the socket's folder can put another socket there.  Always True on
        Windows, which does not report the user.
        """
        return is_trusted(self._stream)

    @property
    def peer(self) -> "Peer | None":
        """The server's user and process, as the kernel reports; None on Windows."""
        return peer_of(self._stream)

    def detach(self) -> Stream:
        """Return the stream, which the caller has to close; the connection is of no use then."""
        return self._stream

    def process(self) -> int | None:
        """Return a new descriptor of the server's process, like `os.pidfd_open`.

        None if the kernel cannot provide one: that requires Linux 6.5.
        """
        return process_of(self._stream)

    def send_command(
        self,
        message: "Data | Iterable[Data]",
        timeout: float | None = None,
        *,
        limit: int = MAX_ANSWER,
    ) -> bytes:
        """Return the whole answer; raise TimedOutError if the exchange takes longer than `timeout`.

        Raise ProtocolError, and stop receiving, if the answer is longer than `limit` bytes.
        """
        deadline = None if timeout is None else monotonic() + timeout
        if not isinstance(message, bytes) or len(message) > MAX_DATA:
            return self._exchange_long(message, deadline, limit)
        # The same for a small message, with one system call in each direction.
        stream = self._stream
        try:
            if deadline is not None:
                stream.settimeout(timeout)
            stream.sendall(framed(message))
            if deadline is not None:
                stream.settimeout(max(deadline - monotonic(), 1e-6))
            data = stream.recv(_FIRST_RECEIVE)
            answer = decode_single(data)
            if answer is None and 0 < len(data) < _FIRST_RECEIVE:
                # Git's own server sends the end packet after the data.
                data += stream.recv(_FIRST_RECEIVE)
                answer = decode_single(data)
        except OSError as error:
            raise translated(error) from error
        if answer is None or len(answer) > limit:
            return self._receive_rest(data, deadline, limit)
        return answer

    def stream_command(
        self, message: "Data | Iterable[Data]", timeout: float | None = None
    ) -> "Iterator[bytes]":
        """Send the message now; return an iterator over the answer that buffers one piece.

        The timeout is for the whole exchange, including the caller's time between two pieces.
        """
        from ipc.message import receive_pieces, send_message

        deadline = None if timeout is None else monotonic() + timeout
        send_message(self._stream, message, deadline)
        return receive_pieces(self._stream, deadline)

    def close(self) -> None:
        """Close the connection.  Harmless when repeated."""
        self._stream.close()

    def fileno(self) -> int:
        """Return the descriptor of the connection; -1 once it is closed."""
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

    def _receive_rest(self, data: bytes, deadline: float | None, limit: int) -> bytes:
        if not data:
            raise HungUpError(
                "the server closed the connection without an answer:"
                " it is stopping, or does not allow this user"
            )
        from ipc.message import receive_message

        return receive_message(self._stream, deadline, initial=data, limit=limit)


_DEFAULTS = ConnectOptions()


class Backoff:
    """Delays between the attempts to connect, until the timeout of the options."""

    __slots__ = ("_deadline", "_delay", "_options")

    def __init__(self, options: ConnectOptions) -> None:
        self._options = options
        self._deadline = monotonic() + options.timeout
        self._delay = _FIRST_DELAY

    def delay_after(self, error: Error) -> float:
        """Return the seconds to sleep before the next attempt; raise the error if none is due."""
        left = self._deadline - monotonic()
        if left <= 0 or not _is_worth_retrying(error, self._options):
            raise error
        delay = min(self._delay, left)
        self._delay = min(2 * delay, _MAX_DELAY)
        return delay


def connect(path: "Path", options: ConnectOptions | None = None) -> Connection:
    """Return a connection, or raise the reason why there is none."""
    options = options or _DEFAULTS
    name = as_bytes(path)
    backoff = None
    while True:
        try:
            return Connection(open_stream(name, options.uds_disallow_chdir))
        except Error as error:
            backoff = backoff or Backoff(options)
            sleep(backoff.delay_after(error))


def try_connect(
    path: "Path", options: ConnectOptions | None = None
) -> "tuple[ActiveState, Connection | None]":
    """Return the state of the path, and a connection if a server listens there."""
    from ipc.state import ActiveState

    try:
        return ActiveState.LISTENING, connect(path, options)
    except Error as error:
        return ActiveState(error.state), None


def get_active_state(path: "Path") -> "ActiveState":
    """Return the state of the path; connect, but send nothing; never raise an `Error`."""
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
    """Connect, send one message, and return the whole answer of at most `limit` bytes."""
    connection = connect(path, options)
    try:
        return connection.send_command(message, timeout, limit=limit)
    finally:
        connection.close()


def as_bytes(path: "Path") -> bytes:
    """Return the path as bytes, in the file system's encoding."""
    if not isinstance(path, str | bytes):
        path = path.__fspath__()
    if isinstance(path, bytes):
        return path
    try:
        return path.encode(_ENCODING, _ERRORS)
    except UnicodeEncodeError as error:
        raise InvalidPathError(f"{path!a} is not a valid path: {error}") from error


def _is_worth_retrying(error: Error, options: ConnectOptions) -> bool:
    busy, not_found = 1, 3  # ActiveState.NOT_LISTENING and PATH_NOT_FOUND
    return (error.state == busy and options.wait_if_busy) or (
        error.state == not_found and options.wait_if_not_found
    )
