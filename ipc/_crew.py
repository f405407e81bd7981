"""Start the threads of a pool, and join them."""

import threading
from collections.abc import Callable

from ipc._notes import Notes


class Crew:
    """Threads that all do the same work, in bounded number; `alive` joins those that have ended."""

    def __init__(
        self, work: Callable[[], None], most: int, notes: Notes, *, on_end: Callable[[], None]
    ) -> None:
        self._work = work
        self._on_end = on_end  # called on each thread when it ends
        self._most = most
        self._notes = notes
        self._lock = threading.Lock()  # guards what follows
        self._threads: set[threading.Thread] = set()
        self._ended: list[threading.Thread] = []

    def add(self) -> None:
        """Start one more, if there may be, and the system has one."""
        thread = threading.Thread(target=self._run, name="ipc-worker", daemon=True)
        with self._lock:
            if len(self._threads) >= self._most:
                return
            self._threads.add(thread)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            with self._lock:
                self._threads.discard(thread)
                left = len(self._threads)
            if left:
                self._notes.say("threads", f"no more threads, going on with {left}: {error}")

    def alive(self) -> bool:
        """Join the threads that have ended; return whether any has not."""
        with self._lock:
            ended, self._ended = self._ended, []
            alive = bool(self._threads)
        for thread in ended:
            thread.join()
        return alive

    def _run(self) -> None:
        try:
            self._work()
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
                self._ended.append(threading.current_thread())
            self._on_end()
