"""When the index is brought up to date."""

from fsmond.daemon.schedule import LATEST, PAUSE, SHARE, Schedule


def test_it_is_done_when_it_is_quiet() -> None:
    """Not in the middle of what goes on."""
    schedule = Schedule()

    due = [
        schedule.is_due(now, sequence, behind=True) for now, sequence in [(1, 5), (2, 6), (3, 6)]
    ]

    assert due == [False, False, True]


def test_it_is_not_done_without_need() -> None:
    """A daemon with nothing to do does nothing."""
    schedule = Schedule()

    assert not any(schedule.is_due(now, 5, behind=False) for now in range(100))


def test_it_is_done_at_last_when_it_never_gets_quiet() -> None:
    """Or what is told once more after an overflow would grow for ever."""
    schedule = Schedule()

    due = [schedule.is_due(now, now, behind=True) for now in range(1, int(LATEST) + 5)]

    assert due.index(True) == LATEST + 1


def test_it_takes_a_small_share_of_the_time() -> None:
    """In a large directory it takes long, and must not be all that is done."""
    schedule = Schedule()
    schedule.is_due(0, 1, behind=True)
    schedule.done(0.0, 2.0)

    assert not schedule.is_due(2 + SHARE * 2 - 1, 1, behind=True)
    assert schedule.is_due(2 + SHARE * 2 + 1, 1, behind=True)


def test_it_is_not_done_all_the_time() -> None:
    """Even if it takes no time at all."""
    schedule = Schedule()
    schedule.is_due(0, 1, behind=True)
    schedule.done(0.0, 0.0)

    assert not schedule.is_due(PAUSE / 2, 1, behind=True)
