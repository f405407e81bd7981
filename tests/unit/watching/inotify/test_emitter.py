"""How long events gather before the kernel's queue is read."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

if sys.platform != "linux":
    pytest.skip("needs inotify", allow_module_level=True)
assert sys.platform == "linux"  # for the type checker

from fsmond.watching.inotify.emitter import (
    BUSY_DEBOUNCE,
    BUSY_RATE,
    DEBOUNCE,
    InotifyEmitter,
)
from fsmond.watching.inotify.mounts import Mounts


@pytest.fixture
def emitter(tmp_path: Path) -> Iterator[InotifyEmitter]:
    """Return one whose thread does not run."""
    root = bytes(tmp_path)
    made = InotifyEmitter(root, Mock(), threading.Lock(), frozenset(), Mounts(root))
    yield made
    made.stop()


def test_at_one_rate_of_events_the_pause_stays_the_same(emitter: InotifyEmitter) -> None:
    """A shorter one has fewer events, and is no sign of calm."""
    pause = DEBOUNCE
    pauses = []
    for _ in range(4):
        emitter._handler.last_count = int(BUSY_RATE * 1.5 * pause)
        pause = emitter._debounce()
        pauses.append(pause)

    assert pauses == [BUSY_DEBOUNCE] * 4


def test_when_fewer_events_come_the_pause_is_long_again(emitter: InotifyEmitter) -> None:
    """So that few reads are needed."""
    emitter._handler.last_count = int(BUSY_RATE * DEBOUNCE) + 1
    emitter._debounce()
    emitter._handler.last_count = int(BUSY_RATE * BUSY_DEBOUNCE)

    assert emitter._debounce() == DEBOUNCE
