"""Follow the changes of trees that have listeners: one thread for all."""

import asyncio
import contextlib
import logging
import threading

from fsmond.aio import Client
from fsmond.errors import Error
from fsmond.protocol import Answer
from fsmond.watchman.errors import CommandError
from fsmond.watchman.trees.tree import SYNC_TIMEOUT, Tree
from fsmond.watchman.watches.watch import Watch

_MAX_WAIT = 1.0  # seconds after which listeners know of changes that never stop
_RETRY = 1.0  # seconds until a daemon is asked again that ended or failed
_GIVE_UP = 60  # tries, after which the tree is taken for gone
_FEW = 100  # paths that are looked at while other trees wait
_JOIN_TIMEOUT = 5.0  # seconds

_log = logging.getLogger(__name__)


class Followers:
    """Has one thread, `fsmond-followers`, started here and joined by `close`.  Thread-safe."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Watch, asyncio.Task[None]] = {}  # used on the loop alone
        self._thread = threading.Thread(target=self._run, name="fsmond-followers", daemon=True)
        self._thread.start()

    def update(self, watch: Watch) -> None:
        """Follow a tree, or follow it no longer, as it has listeners or not."""
        with contextlib.suppress(RuntimeError):  # it was closed
            self._loop.call_soon_threadsafe(self._update, watch)

    def close(self) -> None:
        """Follow nothing any longer, and join the thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_JOIN_TIMEOUT)

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(_cancel_others())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _update(self, watch: Watch) -> None:
        is_wanted = watch.has_listeners and not watch.is_cancelled
        task = self._tasks.get(watch)
        if is_wanted and task is None:
            self._tasks[watch] = self._loop.create_task(self._follow(watch))
        elif not is_wanted and task is not None:
            self._tasks.pop(watch).cancel()

    async def _follow(self, watch: Watch) -> None:
        tree, failures = watch.tree, 0
        while failures < _GIVE_UP:
            try:
                client = Client(tree.client.root)
                settle = tree.config.settle or 0.0
                since = tree.token
                watch.note_change()  # of what queries have taken in: it is not reported again
                async for answer in client.subscribe(
                    since, settle=settle, max_wait=max(settle, _MAX_WAIT)
                ):
                    failures = 0
                    await _take_in(tree, since, answer)
                    since = answer.token
                    watch.note_change()
            except (Error, CommandError) as error:
                failures += 1
                _log.info("%s: will be followed again: %s", tree.path, error)
            watch.note_failure()  # a look will find what happened meanwhile, or raise the error
            await asyncio.sleep(_RETRY if failures else 0)
        self._tasks.pop(watch, None)
        watch.cancel()


async def _cancel_others() -> None:
    """Cancel all other tasks of the loop, and wait for their end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _take_in(tree: Tree, since: str | None, answer: Answer) -> None:
    """Have a tree know what changed; raise CommandError."""
    is_short = answer.paths is not None and len(answer.paths) <= _FEW
    if not (is_short and tree.take_in(since, answer)):
        await asyncio.to_thread(tree.clock, SYNC_TIMEOUT)
