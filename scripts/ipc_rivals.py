"""The servers and clients that are compared: of `ipc`, of the standard library, and bare."""

import contextlib
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Client, Listener
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import ipc

if sys.platform == "win32":
    raise SystemExit("there are no sockets in the file system")

HELLO = b"0009hello0000"
PIECE = 65536  # bytes; what multiprocessing.connection sends at a time


def serve_bare(path: str) -> None:
    """Accept and echo, as little as can be written in Python."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    while True:
        stream, _ = listening.accept()
        stream.send(stream.recv(65536))
        stream.close()


def serve_multiprocessing(path: str) -> None:
    """Answer an exchange each over the standard library's connections."""
    piece = bytes(PIECE)
    with Listener(path, "AF_UNIX", backlog=128) as listener:
        while True:
            with contextlib.suppress(EOFError), listener.accept() as connection:
                message = connection.recv_bytes()
                if message.isdigit():
                    for _ in range(int(message) // PIECE):
                        connection.send_bytes(piece)
                else:
                    connection.send_bytes(message)


def serve_ipc(path: str) -> None:
    """Do the same with this package."""
    piece = bytes(1 << 20)

    def application(message: bytes, reply: Callable[[bytes], None]) -> bytes:
        if not message.isdigit():
            return message
        for _ in range(int(message) >> 20):
            reply(piece)
        return b""

    ipc.run(path, application)


def ask_raw(path: str) -> None:
    """Ask with a bare socket, whatever serves."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(path)
        stream.send(HELLO)
        received = b""
        while not received.endswith(HELLO):
            received += stream.recv(65536)


def ask_multiprocessing(path: str) -> None:
    """Ask over the standard library's connection."""
    with Client(path, "AF_UNIX") as connection:
        connection.send_bytes(b"hello")
        connection.recv_bytes()


def ask_ipc(path: str) -> None:
    """Ask with this package."""
    ipc.send_command(path, b"hello")


def fetch_multiprocessing(path: str, size: int) -> None:
    """Receive a large answer in pieces."""
    with Client(path, "AF_UNIX") as connection:
        connection.send_bytes(b"%d" % size)
        received = 0
        while received < size:
            received += len(connection.recv_bytes())


def fetch_ipc(path: str, size: int) -> None:
    """Receive a large answer in pieces."""
    with ipc.connect(path) as connection:
        received = sum(map(len, connection.stream_command(b"%d" % size)))
    if received != size:
        raise SystemExit(f"{received} bytes came instead of {size}")
