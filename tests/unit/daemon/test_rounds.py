"""Something that is done once for all who asked before it began."""

from fsmond.daemon.rounds import Rounds


def test_who_asked_before_is_served() -> None:
    """However many there are."""
    rounds = Rounds()
    tickets = [rounds.ask(), rounds.ask()]

    rounds.end(rounds.begin())

    assert all(map(rounds.is_served, tickets))
    assert not rounds.is_wanted


def test_who_asked_meanwhile_waits_for_the_next() -> None:
    """What it did before that may have been too early for them."""
    rounds = Rounds()
    rounds.ask()
    begun = rounds.begin()
    late = rounds.ask()

    rounds.end(begun)

    assert not rounds.is_served(late)
    assert rounds.is_wanted
