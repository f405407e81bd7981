"""Let other things happen at each point of what is under test, in every order; without threads.

What is under test calls `point` wherever another thread, or the world, could have its turn.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Action(NamedTuple):
    """What others do."""

    do: Callable[[], object]
    needs_lock: bool


class Stage:
    """One run: at each point, as many of the actions are done as is chosen."""

    def __init__(self, choices: Sequence[int]) -> None:
        self.is_locked = False
        self.counts: list[int] = []
        """How many choices there were at each point."""
        self._choices = choices
        self._actions: list[Action] = []

    def add(self, do: Callable[[], object], *, needs_lock: bool) -> None:
        """Have one more action, after those that were added before."""
        self._actions.append(Action(do, needs_lock))

    def point(self) -> None:
        """Do the next actions, as many as is chosen; none that waits for the lock if it is held."""
        possible = 0
        for action in self._actions:
            if self.is_locked and action.needs_lock:
                break
            possible += 1
        at = len(self.counts)
        self.counts.append(possible + 1)
        for _ in range(self._choices[at] if at < len(self._choices) else 0):
            # Fewer may be possible than before: a point within one of them did some, or a busy
            # machine led elsewhere than the last time.
            if not self._actions or (self.is_locked and self._actions[0].needs_lock):
                break
            self._actions.pop(0).do()

    def finish(self) -> None:
        """Do what is left."""
        while self._actions:
            self._actions.pop(0).do()


class SteppedLock:
    """A lock whose release is a point."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: ARG002 - as a lock has them
        assert not self._stage.is_locked, "who has it can't go on"
        self._stage.is_locked = True
        return True

    def release(self) -> None:
        self._stage.is_locked = False
        self._stage.point()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SteppedCondition:
    """A condition over such a lock; who waits for it lets somebody else work."""

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


def orders(play: Callable[[Sequence[int]], Sequence[int]]) -> Iterator[None]:
    """Play each order once."""
    choices: list[int] = []
    while True:
        counts = play(choices)
        yield
        # What racy times lead to may differ; then there are fewer points than the last time.
        choices = [*choices[: len(counts)], *[0] * (len(counts) - len(choices))]
        while choices and choices[-1] + 1 >= counts[len(choices) - 1]:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1
