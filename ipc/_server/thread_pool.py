"""Start and join a bounded number of threads."""

import threading
from collections.abc import Callable

from ipc._server.rate_limited_log import RateLimitedLog


class ThreadPool:
    """A bounded number of threads with the same function."""

    def __init__(
        self,
        work: Callable[[], None],
        limit: int,
        log: RateLimitedLog,
        *,
        on_end: Callable[[], None],
    ) -> None:
        self._work = work
        self._on_end = on_end  # each thread calls it when it ends
        self._limit = limit
        self._log = log
        self._lock = threading.Lock()  # guards everything below
        self._threads: set[threading.Thread] = set()
        self._ended: list[threading.Thread] = []

    def add(self) -> None:
        """Start another thread, unless the limit is reached or the system refuses it."""
        thread = threading.Thread(target=self._run, name="ipc-worker", daemon=True)
        with self._lock:
            if len(self._threads) >= self._limit:
                return
            self._threads.add(thread)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            with self._lock:
                self._threads.discard(thread)
                left = len(self._threads)
            if left:
                self._log.warn("threads", f"no more threads, going on with {left}: {error}")

    def join_ended(self) -> bool:
        """Join the threads that have ended; return whether others still run."""
        with self._lock:
            ended, self._ended = self._ended, []
            running = bool(self._threads)
        for thread in ended:
            thread.join()
        return running

    def _run(self) -> None:
        try:
            self._work()
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
                self._ended.append(threading.current_thread())
            self._on_end()
