"""Try every interleaving of the code under test with other actions, without threads.

The code under test calls `switch` wherever another thread or program could run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Action(NamedTuple):
    """Something that another thread or program does."""

    do: Callable[[], object]
    needs_lock: bool


class Interleaving:
    """One interleaving: at each switch, a chosen number of actions is done."""

    def __init__(self, choices: Sequence[int]) -> None:
        self.is_locked = False
        self.counts: list[int] = []
        """The number of choices at each switch."""
        self._choices = choices
        self._actions: list[Action] = []

    def add(self, do: Callable[[], object], *, needs_lock: bool) -> None:
        """Add an action, to be done after those added before."""
        self._actions.append(Action(do, needs_lock))

    def switch(self) -> None:
        """Do the chosen number of actions; none that needs the lock while it is held."""
        possible = 0
        for action in self._actions:
            if self.is_locked and action.needs_lock:
                break
            possible += 1
        at = len(self.counts)
        self.counts.append(possible + 1)
        for _ in range(self._choices[at] if at < len(self._choices) else 0):
            # Fewer may be possible than before: a switch within one of them did some, or a busy
            # machine led elsewhere than the last time.
            if not self._actions or (self.is_locked and self._actions[0].needs_lock):
                break
            self._actions.pop(0).do()

    def finish(self) -> None:
        """Do the remaining actions."""
        while self._actions:
            self._actions.pop(0).do()


class SteppedLock:
    """A lock whose release is a switch."""

    def __init__(self, interleaving: Interleaving) -> None:
        self._interleaving = interleaving

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: ARG002 - the signature of a lock
        assert not self._interleaving.is_locked, "a deadlock: its owner cannot continue"
        self._interleaving.is_locked = True
        return True

    def release(self) -> None:
        self._interleaving.is_locked = False
        self._interleaving.switch()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SteppedCondition:
    """A condition with such a lock; waiting lets another thread work."""

    def __init__(self, lock: SteppedLock, work: Callable[[], object]) -> None:
        self._lock = lock
        self._work = work

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def notify_all(self) -> None:
        pass

    def wait_for(self, predicate: Callable[[], object], timeout: float = 10.0) -> object:
        deadline = time.monotonic() + timeout
        while not predicate() and time.monotonic() < deadline:
            self._lock.release()
            self._work()
            self._lock.acquire()
        return predicate()


def interleavings(attempt: Callable[[Sequence[int]], Sequence[int]]) -> Iterator[None]:
    """Try each interleaving once."""
    choices: list[int] = []
    while True:
        counts = attempt(choices)
        yield
        # Racy timestamps may change the course; then there are fewer switches than last time.
        choices = [*choices[: len(counts)], *[0] * (len(counts) - len(choices))]
        while choices and choices[-1] + 1 >= counts[len(choices) - 1]:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1
