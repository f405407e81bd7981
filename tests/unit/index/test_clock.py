"""A clock that is set while file times are compared with it."""

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
def test_it_was_set_back_if_the_monotonic_clock_advanced_more(jump: int, went_back: bool) -> None:
    """Nobody can set that one."""
    clocks = Clocks()
    clock = clocks.made()
    clocks.steady += 10 * SECOND
    clocks.wall += 10 * SECOND + jump

    assert clock.read() == clocks.wall
    assert clock.went_back is went_back


def test_what_changes_while_the_clock_is_set_back_may_change_again_unseen(tmp_path: Path) -> None:
    """Its time is older than the time at which it was read."""
    (tmp_path / "file").touch()
    readings = iter([0, 2 * HOUR, HOUR])
    base = time.time_ns()
    clock = Clock(lambda: base + next(readings), lambda: 0)
    index = Index(os.fsencode(tmp_path), clock=clock)
    index.compare(b"")
    index.clock = Clock()

    [found] = index.compare(b"").differences

    assert found.path == b"file"
    assert not found.is_certain


def test_a_time_in_the_future_makes_a_file_uncertain_for_a_moment_only(tmp_path: Path) -> None:
    """If our clock was set back, or times are another machine's, they stay ahead for hours."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "file").write_text("one")
    clocks = Clocks()
    clocks.wall -= HOUR
    index = Index(os.fsencode(tmp_path), clock=clocks.made())

    def uncertain() -> list[tuple[int, bool]]:
        comparison = index.compare(b"dir/")
        return [(len(comparison.differences), comparison.may_have_had_transient_names)]

    index.compare(b"dir/")
    assert uncertain() == [(1, True)]
    clocks.steady += 3 * SECOND
    assert uncertain() == [(1, True)], "the last record was uncertain"
    assert uncertain() == [(0, False)]
    (tmp_path / "dir" / "file").write_text("two")
    assert uncertain() == [(1, False)]
    assert uncertain() == [(1, True)], "it may have changed again, and so may its neighbours"
    clocks.steady += 3 * SECOND
    uncertain()
    assert uncertain() == [(0, False)]
