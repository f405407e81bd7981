"""A client that sends commands, and takes what comes unasked for."""

import json
import socket
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.running import LONG
from support.watchman import bser

Message = dict[str, Any]


class WatchmanError(Exception):
    """The server answered with an error."""


class WatchmanClient:
    """A connection; `version`: of BSER, or 0 for JSON."""

    def __init__(self, path: Path | str, version: int = 2) -> None:
        self._socket = socket.socket(vars(socket)["AF_UNIX"])
        self._socket.settimeout(LONG)
        self._socket.connect(str(path))
        self._version = version
        self._buffer = b""
        self.unasked: list[Message] = []
        """What came that answers no request."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, *command: Any) -> Message:
        """Send a command; return its response, which must be no error."""
        self.send(list(command))
        return self.response()

    def send(self, command: Any) -> None:
        if self._version:
            self.send_bytes(bser.pack(command, self._version))
        else:
            self.send_bytes(json.dumps(command).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def response(self) -> Message:
        while "unilateral" in (message := self.message()):
            self.unasked.append(message)
        if "error" in message:
            raise WatchmanError(message["error"])
        return message

    def next_unasked(self, seconds: float = LONG) -> Message | None:
        """Return the next message that answers no request; None if there is none in time."""
        if self.unasked:
            return self.unasked.pop(0)
        self._socket.settimeout(seconds)
        try:
            return self.message()
        except TimeoutError:
            return None
        finally:
            self._socket.settimeout(LONG)

    def message(self) -> Message:
        """Return the next message; names are bytes, other text is not."""
        found = self._bser() if self._version else json.loads(self._line())
        found = bser.as_text(found) if self._version == 1 else found
        assert isinstance(found, dict)
        return found

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _bser(self) -> Any:
        while (begin := self._head()) is None or len(self._buffer) < sum(begin):
            self._receive()
        at, length = begin
        data, self._buffer = self._buffer[at : at + length], self._buffer[at + length :]
        return bser.Reader(data).value()

    def _head(self) -> tuple[int, int] | None:
        """Return how many bytes the head and the value of a message have, if that is known."""
        reader = bser.Reader(self._buffer)
        reader.at = 2 if self._version == 1 else 6
        try:
            length = reader.value()
        except (IndexError, struct.error):
            return None
        return reader.at, length

    def _receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise EOFError("the server hung up")
        self._buffer += data


def await_change(client: WatchmanClient, name: str, seconds: float = LONG) -> list[Any]:
    """Return the files of a subscription's messages, until there are some with changes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = client.next_unasked(deadline - time.monotonic())
        if message is not None and message.get("subscription") == name and message.get("files"):
            files: list[Any] = message["files"]
            return files
    raise AssertionError("no change was reported")
