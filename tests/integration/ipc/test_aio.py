import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from support.ipc_tools import HELLO, Raw, peer

import ipc


@pytest.mark.parametrize("message", [b"", b"hello", b"x" * 1_000_000, [b"a", b"", b"b"]])
def test_a_message_is_answered(server: Path, message: bytes | list[bytes]) -> None:
    """The same as without asyncio."""
    expected = b"".join(message) if isinstance(message, list) else message

    assert asyncio.run(ipc.aio.send_command(server, message)) == expected


def test_an_answer_can_be_streamed(server: Path) -> None:
    """By the function and by the method."""

    async def ask() -> Any:
        pieces = [piece async for piece in ipc.aio.stream_command(server, b"x" * 300_000)]
        async with await ipc.aio.connect(server) as connection:
            pieces += [piece async for piece in connection.stream_command(b"y" * 300_000)]
        return pieces

    pieces = asyncio.run(ask())

    assert b"".join(pieces) == b"x" * 300_000 + b"y" * 300_000
    assert max(map(len, pieces)) <= 65536


def test_many_requests_can_run_concurrently(server: Path) -> None:
    """This is the purpose of asyncio."""

    async def ask() -> Any:
        return await asyncio.gather(
            *(ipc.aio.send_command(server, b"%d" % number) for number in range(200))
        )

    assert asyncio.run(ask()) == [b"%d" % number for number in range(200)]


def test_a_missing_server_is_the_same_error(tmp_path: Path) -> None:
    """Both kinds of clients handle it in the same way."""
    with pytest.raises(ipc.NoServerError):
        asyncio.run(ipc.aio.send_command(tmp_path / "none", b"hello"))


def test_the_wait_for_a_server_does_not_block_the_loop(tmp_path: Path) -> None:
    """A sleep of the thread would stop all other tasks."""
    options = ipc.ConnectOptions(wait_if_not_found=True, timeout=0.1)
    ticks = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.001)

    async def ask() -> None:
        ticking = asyncio.create_task(tick())
        try:
            with pytest.raises(ipc.NoServerError):
                await ipc.aio.send_command(tmp_path / "none", b"hello", options)
        finally:
            ticking.cancel()

    asyncio.run(ask())

    assert len(ticks) > 5


@pytest.mark.parametrize("cut", range(len(HELLO)))
def test_an_answer_cut_anywhere_is_an_error(tmp_path: Path, cut: int) -> None:
    """A part must not look like the whole answer."""

    def behave(stream: Raw) -> None:
        stream.recv(65536)
        stream.sendall(HELLO[:cut])

    with peer(behave, tmp_path / "s"), pytest.raises(ipc.HungUpError):
        asyncio.run(ipc.aio.send_command(tmp_path / "s", b"hello"))


def test_a_server_that_stalls_reaches_the_timeout(tmp_path: Path) -> None:
    """There is one deadline for the whole exchange."""

    def behave(stream: Raw) -> None:
        stream.sendall(HELLO[:6])
        while stream.recv(65536):
            pass  # until the client gives up

    with peer(behave, tmp_path / "s"), pytest.raises(ipc.TimedOutError):
        asyncio.run(ipc.aio.send_command(tmp_path / "s", b"hello", timeout=0.05))


def test_a_task_can_be_cancelled(tmp_path: Path) -> None:
    """It closes its connection, and leaks nothing."""

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ipc.aio.send_command(tmp_path / "s", b"hello")

    def behave(stream: Raw) -> None:
        while stream.recv(65536):
            pass

    with peer(behave, tmp_path / "s"):
        asyncio.run(ask())
