"""The client for asyncio; see fsmond.client for what the methods do, and for their errors."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from fsmond.client import TIMEOUT
from fsmond.client import Client as BlockingClient
from fsmond.listening import (
    AnswerStream,
    Batches,
    Filters,
    Waiting,
    patience_for,
    read_answer,
)
from fsmond.protocol import Answer
from fsmond.results import Status, Verification
from ipc import aio
from ipc.errors import Error as IPCError

if TYPE_CHECKING:
    from fsmond.rendezvous import StrPath
    from ipc import Peer


class Client:
    """A client of one tree's daemon, for any number of tasks; an async context manager."""

    def __init__(
        self, path: "StrPath" = ".", *, start: bool = True, timeout: float = TIMEOUT
    ) -> None:
        self._client = BlockingClient(path, start=start, timeout=timeout)

    @property
    def root(self) -> Path:
        """The directory that is watched."""
        return self._client.root

    async def query(self, since: str | None = None, **options: Unpack[Filters]) -> Answer:
        """Return what changed since a token; see Client.query."""
        return await asyncio.to_thread(self._client.query, since, **options)

    async def wait(self, since: str | None = None, **options: Unpack[Waiting]) -> Answer:
        """Return as soon as anything changed; see Client.wait.  Can be cancelled."""
        kinds = options.get("kinds") is True
        message = self._client.message("wait", since, options)
        connection, peer = await self._connect()
        async with connection:
            try:
                patience = patience_for(options.get("timeout"))
                reply = await connection.send_command(message, patience)
            except IPCError as error:
                raise self._client.broken(error, peer) from error
        answer = read_answer(reply, self._client.place.root, kinds=kinds)
        await self._move(options, answer)
        return answer

    async def subscribe(
        self, since: str | None = None, **options: Unpack[Batches]
    ) -> AsyncGenerator[Answer, None]:
        """Yield an answer for each batch of changes; see Client.subscribe.  Can be cancelled."""
        stream = AnswerStream(self._client.place.root, kinds=options.get("kinds") is True)
        message = self._client.message("subscribe", since, options)
        connection, peer = await self._connect()
        async with connection:
            try:
                async for data in connection.stream_command(message):
                    for answer in stream.feed(data):
                        yield answer
                        await self._move(options, answer)
            except IPCError as error:
                raise self._client.broken(error, peer) from error
        stream.finish()

    async def status(self) -> Status:
        """Return the daemon's status.  Never starts a daemon."""
        return await asyncio.to_thread(self._client.status)

    async def verify(self) -> Verification:
        """Compare the whole tree with the daemon's index, which may take minutes."""
        return await asyncio.to_thread(self._client.verify)

    async def flush(self) -> Answer:
        """Invalidate all tokens.  Never starts a daemon."""
        return await asyncio.to_thread(self._client.flush)

    async def quit(self) -> None:
        """Ask the daemon to quit; it exits after this returns."""
        await asyncio.to_thread(self._client.quit)

    async def cursors(self) -> dict[str, str]:
        """Return the token of each cursor, by name."""
        return await asyncio.to_thread(self._client.cursors)

    async def move_cursor(self, name: str, token: str) -> None:
        """Have a cursor stand at a token."""
        await asyncio.to_thread(self._client.move_cursor, name, token)

    async def delete_cursor(self, name: str) -> bool:
        """Forget a cursor; return whether there was one."""
        return await asyncio.to_thread(self._client.delete_cursor, name)

    async def aclose(self) -> None:
        """Do nothing: a client holds nothing open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _connect(self) -> "tuple[aio.Connection, Peer | None]":
        """Return a connection to the daemon, which is started if need be and may be trusted.

        And its user and process, as far as they are known.
        """
        connection = await asyncio.to_thread(self._client.connect)
        peer = connection.peer
        return aio.adopt(connection), peer

    async def _move(self, options: Filters, answer: Answer) -> None:
        cursor = options.get("cursor")
        if cursor is not None and options.get("move", True):
            await self.move_cursor(cursor, answer.token)
