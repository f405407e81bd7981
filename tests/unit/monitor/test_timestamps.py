"""Which token a time stands for."""

import os
from pathlib import Path

import pytest

from fsmond.journal.token import Token
from fsmond.monitor.timestamps import Timestamps

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


class Clocks:
    """Two clocks, of which one can be set."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 5 * SECOND

    def pass_seconds(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.steady += int(seconds * SECOND)


@pytest.fixture
def clocks() -> Clocks:
    """Return clocks that the test advances."""
    return Clocks()


@pytest.fixture
def timestamps(clocks: Clocks, tmp_path: Path) -> Timestamps:
    """Return the timestamps of a repository whose index was written after every time here."""
    index = tmp_path / "index"
    index.touch()
    os.utime(index, ns=(START * 2, START * 2))
    return Timestamps(bytes(index), clock=lambda: clocks.wall, steady=lambda: clocks.steady)


def provisional(sequence: int) -> Token:
    """Return the token for a time without a known answer right after it."""
    return Token("s", sequence, is_provisional=True)


def at(time: int) -> bytes:
    """Return what Git sends."""
    return b"%d" % time


def test_a_time_means_the_newest_point_before_it(timestamps: Timestamps, clocks: Clocks) -> None:
    """A newer point would miss changes."""
    for sequence in range(5):
        timestamps.note(Token("s", sequence))
        clocks.pass_seconds(1)

    assert timestamps.token_at(at(START + 3 * SECOND // 2)) == provisional(1)
    assert timestamps.token_at(at(START + 100 * SECOND)) == provisional(4)


def test_an_unchanged_token_is_valid_since_it_was_first_noted(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """Else an hour without changes would count as an hour of changes."""
    for _ in range(5):
        timestamps.note(Token("s", 7))
        clocks.pass_seconds(1)

    assert timestamps.token_at(at(START + SECOND)) == provisional(7)


def test_a_time_before_the_first_point_means_nothing(timestamps: Timestamps) -> None:
    """Nothing was watched then."""
    timestamps.note(Token("s", 0))

    assert timestamps.token_at(at(START - 1)) is None
    assert timestamps.token_at(at(START)) is None, "within the slack"


def test_a_time_after_the_index_was_written_means_nothing(
    timestamps: Timestamps, clocks: Clocks, tmp_path: Path
) -> None:
    """Git did not read it from there: it sends the current time for an index without a mark."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(10)
    os.utime(tmp_path / "index", ns=(START + 5 * SECOND, START + 5 * SECOND))

    assert timestamps.token_at(at(START + 5 * SECOND)) == provisional(0)
    assert timestamps.token_at(at(START + 5 * SECOND + 1)) is None
    (tmp_path / "index").unlink()
    assert timestamps.token_at(at(START + 5 * SECOND)) is None


def test_a_time_is_certain_if_paths_were_answered_right_after_it(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """Then Git read it from the index that it wrote after that answer."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(10)
    asked = clocks.wall
    clocks.pass_seconds(0.01)
    timestamps.note_answer(had_paths=True)
    clocks.pass_seconds(10)

    assert timestamps.token_at(at(asked)) == Token("s", 0)
    assert timestamps.token_at(at(asked + SECOND)) == provisional(0)
    assert timestamps.token_at(at(asked - 5 * SECOND)) == provisional(0), (
        "the hook had given up by then"
    )


def test_a_time_is_provisional_if_everything_was_answered_right_after_it(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """Git keeps the time, and its cache of untracked files."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(10)
    asked = clocks.wall
    timestamps.note_answer(had_paths=True)
    timestamps.note_answer(had_paths=False)
    clocks.pass_seconds(10)

    assert timestamps.token_at(at(asked)) == provisional(0)


def test_without_an_index_no_time_counts(clocks: Clocks) -> None:
    """Clients other than Git use tokens."""
    timestamps = Timestamps(None, clock=lambda: clocks.wall, steady=lambda: clocks.steady)
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(10)

    assert timestamps.token_at(at(clocks.wall)) is None


def test_when_the_clock_was_set_back_times_from_before_mean_nothing(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """By the new clock, one of them may be in the future."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(100)
    before = clocks.wall
    clocks.wall -= 60 * SECOND
    clocks.pass_seconds(1)
    timestamps.note(Token("s", 1))
    clocks.pass_seconds(10)

    assert timestamps.token_at(at(before - 30 * SECOND)) is None
    assert timestamps.token_at(at(clocks.wall)) is None, "still a time from before"
    clocks.pass_seconds(100)
    assert timestamps.token_at(at(clocks.wall)) == provisional(1)


def test_a_clock_that_is_set_back_right_before_the_query_is_noticed(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """Even between two points."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(100)
    before = clocks.wall
    clocks.wall -= SECOND

    assert timestamps.token_at(at(before)) is None


@pytest.mark.parametrize("jump", [3600.0, 0.3, -0.01])
def test_a_clock_that_is_set_forward_or_slightly_back_stays_valid(
    timestamps: Timestamps, clocks: Clocks, jump: float
) -> None:
    """The order of times stays; the slack is more than such a correction."""
    timestamps.note(Token("s", 0))
    clocks.pass_seconds(10)
    clocks.wall += int(jump * SECOND)
    timestamps.note(Token("s", 1))
    clocks.pass_seconds(10)

    assert timestamps.token_at(at(START + 5 * SECOND)) == provisional(0)
    assert timestamps.token_at(at(clocks.wall)) == provisional(1)


def test_points_are_bounded_and_the_oldest_are_still_used(
    timestamps: Timestamps, clocks: Clocks
) -> None:
    """A daemon runs for months; an old time is answered with a little too much."""
    for sequence in range(50_000):
        timestamps.note(Token("s", sequence))
        clocks.pass_seconds(1)

    assert len(timestamps._points) <= 4096
    found = timestamps.token_at(at(START + 30_000 * SECOND))
    assert found is not None
    assert 30_000 - 2_000 < found.sequence <= 30_000, "a tenth of the time that passed since"


@pytest.mark.parametrize("text", [b"", b"x", b"-1", b"1.5", b"1" * 21, "\u0661".encode(), b" 1"])
def test_what_is_not_a_time_means_nothing(timestamps: Timestamps, text: bytes) -> None:
    """Any bytes may arrive on the socket."""
    timestamps.note(Token("s", 0))

    assert timestamps.token_at(text) is None
