"""When the index is refreshed."""

from fsmond.monitor.index_worker import MAX_DELAY, MIN_PAUSE, PAUSE_FACTOR, Schedule


def test_a_refresh_is_due_when_nothing_happens() -> None:
    """Not while there are changes or queries."""
    schedule = Schedule()

    due = [
        schedule.is_due(now, sequence, behind=True) for now, sequence in [(1, 5), (2, 6), (3, 6)]
    ]

    assert due == [False, False, True]


def test_a_refresh_is_not_due_without_changes() -> None:
    """A daemon with nothing to do does nothing."""
    schedule = Schedule()

    assert not any(schedule.is_due(now, 5, behind=False) for now in range(100))


def test_a_refresh_is_due_at_the_latest_after_a_while_of_constant_changes() -> None:
    """Else the changes reported again after an overflow would grow for ever."""
    schedule = Schedule()

    due = [schedule.is_due(now, now, behind=True) for now in range(1, int(MAX_DELAY) + 5)]

    assert due.index(True) == MAX_DELAY + 1


def test_refreshes_take_a_small_share_of_the_time() -> None:
    """In a large directory a refresh takes long, and must not fill all the time."""
    schedule = Schedule()
    schedule.is_due(0, 1, behind=True)
    schedule.done(0.0, 2.0)

    assert not schedule.is_due(2 + PAUSE_FACTOR * 2 - 1, 1, behind=True)
    assert schedule.is_due(2 + PAUSE_FACTOR * 2 + 1, 1, behind=True)


def test_there_is_a_pause_between_refreshes() -> None:
    """Even if a refresh takes no time at all."""
    schedule = Schedule()
    schedule.is_due(0, 1, behind=True)
    schedule.done(0.0, 0.0)

    assert not schedule.is_due(MIN_PAUSE / 2, 1, behind=True)
