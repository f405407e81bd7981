"""A clock that is set while times are compared with it."""

import os
import time
from pathlib import Path

import pytest

from fsmond.index.clock import Clock
from fsmond.index.tree import Index

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class Clocks:
    """Two clocks, of which one can be set."""

    def __init__(self) -> None:
        self.wall = time.time_ns()
        self.steady = 5 * SECOND

    def made(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)


@pytest.mark.parametrize(
    ("jump", "went_back"), [(0, False), (HOUR, False), (-HOUR, True), (-SECOND, True)]
)
def test_it_went_back_if_less_time_passed_than_did(jump: int, went_back: bool) -> None:
    """By the clock that nobody can set."""
    clocks = Clocks()
    clock = clocks.made()
    clocks.steady += 10 * SECOND
    clocks.wall += 10 * SECOND + jump

    assert clock.read() == clocks.wall
    assert clock.went_back is went_back


def test_what_changes_while_the_clock_is_set_back_may_change_again_unseen(tmp_path: Path) -> None:
    """Its time is older than the one at which it was looked at."""
    (tmp_path / "file").touch()
    readings = iter([0, 2 * HOUR, HOUR])
    base = time.time_ns()
    clock = Clock(lambda: base + next(readings), lambda: 0)
    index = Index(os.fsencode(tmp_path), clock=clock)
    index.look(b"")
    index.clock = Clock()

    [found] = index.look(b"").differences

    assert found.path == b"file"
    assert not found.is_certain


def test_what_has_a_time_to_come_is_in_doubt_for_a_moment_only(tmp_path: Path) -> None:
    """A clock that was set back, or another machine's, is behind the times of files for hours."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_text("one")
    clocks = Clocks()
    clocks.wall -= HOUR
    index = Index(os.fsencode(tmp_path), clock=clocks.made())

    def doubted() -> list[tuple[int, bool]]:
        look = index.look(b"dir/")
        return [(len(look.differences), look.may_have_had_others)]

    index.look(b"dir/")
    assert doubted() == [(1, True)]
    clocks.steady += 3 * SECOND
    assert doubted() == [(1, True)], "what was looked at last was in doubt"
    assert doubted() == [(0, False)]
    (tmp_path / "dir" / "file").write_text("two")
    assert doubted() == [(1, False)]
    assert doubted() == [(1, True)], "it may have changed again, and so may what is beside it"
    clocks.steady += 3 * SECOND
    doubted()
    assert doubted() == [(0, False)]
