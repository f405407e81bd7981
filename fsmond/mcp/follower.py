"""Tell those who subscribed to the resource of each batch of changes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated, ServerEvent

from fsmond.aio import Client
from fsmond.errors import Error

_SETTLE = 0.2  # seconds without a change before subscribers are told
_RETRY = 1.0  # seconds until the daemon is asked again, after it has ended

_log = logging.getLogger(__name__)


class Follower(InMemorySubscriptionBus):
    """Follows the changes of a tree as long as anybody has subscribed to the resource.

    There are two ways to subscribe: `resources/subscribe`, and since 2026 `subscriptions/listen`,
    for which this is the bus.  Used on the event loop alone.
    """

    def __init__(self, client: Client, uri: str) -> None:
        super().__init__()
        self._client = client
        self._uri = uri
        # There is one client; each of its requests has a session object of its own.
        self._session: ServerSession | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, session: ServerSession) -> None:
        """Have the client told, by `resources/updated`."""
        self._session = session
        self._start()

    def remove(self) -> None:
        """Have it told no longer."""
        self._session = None
        self._stop_if_unused()

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """See SubscriptionBus."""
        unsubscribe = super().subscribe(listener)
        self._start()

        def end() -> None:
            unsubscribe()
            self._stop_if_unused()

        return end

    def close(self) -> None:
        """Follow no longer."""
        self._session = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    def _stop_if_unused(self) -> None:
        if self._session is None and not self._listeners:
            self.close()

    async def _follow(self) -> None:
        token: str | None = None
        while True:
            try:
                token = token or (await self._client.query()).token
                async for answer in self._client.subscribe(token, gitignore=True, settle=_SETTLE):
                    token = answer.token
                    await self._tell()
            except Error as error:
                _log.warning("will ask again: %s", error)
                await asyncio.sleep(_RETRY)

    async def _tell(self) -> None:
        if self._session is not None:
            with contextlib.suppress(Exception):  # it has gone; the transport ends it
                await self._session.send_resource_updated(self._uri)
        await self.publish(ResourceUpdated(uri=self._uri))
