"""Servers and clients that `ipc` is compared with, and its own."""

import contextlib
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Client, Listener

import ipc

if sys.platform == "win32":
    raise SystemExit("needs Unix domain sockets")

HELLO = b"0009hello0000"
PIECE = 65536  # bytes in one message of multiprocessing.connection


def serve_bare(path: str) -> None:
    """Accept and echo: the least that Python can do."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    while True:
        stream, _ = listening.accept()
        stream.send(stream.recv(65536))
        stream.close()


def serve_multiprocessing(path: str) -> None:
    """Answer one request per connection of the standard library."""
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
    """Do the same with `ipc`."""
    piece = bytes(1 << 20)

    def application(message: bytes, reply: Callable[[bytes], None]) -> bytes:
        if not message.isdigit():
            return message
        for _ in range(int(message) >> 20):
            reply(piece)
        return b""

    ipc.run(path, application)


def ask_raw(path: str) -> None:
    """Ask with a bare socket, whichever server answers."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(path)
        stream.send(HELLO)
        received = b""
        while not received.endswith(HELLO):
            received += stream.recv(65536)


def ask_multiprocessing(path: str) -> None:
    """Ask over a connection of the standard library."""
    with Client(path, "AF_UNIX") as connection:
        connection.send_bytes(b"hello")
        connection.recv_bytes()


def ask_ipc(path: str) -> None:
    """Ask with `ipc`."""
    ipc.send_command(path, b"hello")


def fetch_multiprocessing(path: str, size: int) -> None:
    """Receive a large answer in pieces, with the standard library."""
    with Client(path, "AF_UNIX") as connection:
        connection.send_bytes(b"%d" % size)
        received = 0
        while received < size:
            received += len(connection.recv_bytes())


def fetch_ipc(path: str, size: int) -> None:
    """Receive a large answer in pieces, with `ipc`."""
    with ipc.connect(path) as connection:
        received = sum(map(len, connection.stream_command(b"%d" % size)))
    if received != size:
        raise SystemExit(f"received {received} bytes instead of {size}")
