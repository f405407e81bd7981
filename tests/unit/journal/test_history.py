"""The journal: which paths changed since a point in the history, or why nobody knows."""

from collections.abc import Iterator
from typing import Any

import pytest

from fsmond.journal.history import Journal
from fsmond.journal.token import Token

SESSION = "0123456789abcdef"
OTHER = "fedcba9876543210"


@pytest.fixture
def journal() -> Journal:
    """Return an empty one."""
    return Journal(SESSION)


def test_a_new_history_begins_with_nothing(journal: Journal) -> None:
    """The first client gets a token to start from, and has missed nothing after it."""
    assert journal.token == Token(SESSION, 0)
    assert journal.since(journal.token) == []
    assert len(journal) == 0


def test_what_changed_after_a_token_is_told(journal: Journal) -> None:
    """And not what changed before: the client knows that already."""
    journal.record([b"before"])
    token = journal.token

    journal.record([b"after"])

    assert journal.since(token) == [b"after"]


def test_the_newest_change_comes_first(journal: Journal) -> None:
    """Walking back from the newest is what keeps a query as cheap as its answer."""
    token = journal.token
    for path in (b"one", b"two", b"three"):
        journal.record([path])

    assert journal.since(token) == [b"three", b"two", b"one"]


def test_a_path_that_changes_again_is_told_once(journal: Journal) -> None:
    """A build writes the same files all day long; an answer must not grow with that."""
    token = journal.token
    journal.record([b"often", b"seldom"])
    for _ in range(100):
        journal.record([b"often"])

    assert journal.since(token) == [b"often", b"seldom"]
    assert len(journal) == 2


def test_a_path_named_twice_in_one_report_is_told_once(journal: Journal) -> None:
    """The kernel sends an event for each of create, write and close."""
    token = journal.token

    journal.record([b"same", b"other", b"same"])

    assert journal.since(token) == [b"same", b"other"]


def test_each_client_is_told_what_it_missed_itself(journal: Journal) -> None:
    """Many ask with tokens of different age; none uses up what another has not seen."""
    tokens = [journal.token]
    for path in (b"a", b"b", b"a"):
        journal.record([path])
        tokens.append(journal.token)

    answers = [journal.since(token) for token in tokens]

    assert answers == [[b"a", b"b"], [b"a", b"b"], [b"a"], []]


def test_a_report_of_nothing_makes_older_tokens_no_less_valid(journal: Journal) -> None:
    """A batch may hold nothing but what is excluded."""
    token = journal.token

    journal.record([])

    assert journal.since(token) == []


def test_a_token_from_the_future_is_unknown(journal: Journal) -> None:
    """To call it up to date would hide every change until the sequence gets there."""
    journal.record([b"path"])

    assert journal.since(Token(SESSION, 2)) == "unknown-token"


@pytest.mark.parametrize("session", ["starting", "x", "0" * 100_000])
def test_a_session_that_no_daemon_had_is_unknown(journal: Journal, session: str) -> None:
    """It was made up, by Git's user or by the hook."""
    assert journal.since(Token(session, 0)) == "unknown-token"


def test_another_daemons_session_means_that_it_was_restarted(journal: Journal) -> None:
    """People who wonder why Git looked at everything learn that it was not a fault."""
    assert journal.since(Token(OTHER, 7)) == "restart"


@pytest.mark.parametrize("reason", ["flush", "overflow", "sync-timeout", "degraded"])
def test_a_token_of_a_session_that_ended_is_answered_with_why(
    journal: Journal, reason: str
) -> None:
    """The gap is told for what it was, not as an unknown token."""
    journal.record([b"path"])
    token = journal.token

    journal.restart(OTHER, reason)

    assert journal.since(token) == reason
    assert journal.token == Token(OTHER, 1)


def test_after_a_restart_nothing_of_before_is_told(journal: Journal) -> None:
    """Paths without their session's tokens would be reported to clients that know them."""
    journal.record([b"before"])
    journal.restart(OTHER, "flush")
    token = journal.token

    journal.record([b"after"])

    assert journal.since(token) == [b"after"]


def test_each_of_two_ended_sessions_has_its_own_reason(journal: Journal) -> None:
    """A client that slept through a flush and an overflow is told about its own end."""
    first = journal.token
    journal.restart(OTHER, "flush")
    second = journal.token
    journal.restart("0" * 16, "overflow")

    assert (journal.since(first), journal.since(second)) == ("flush", "overflow")


def test_reasons_are_remembered_in_bounded_number(journal: Journal) -> None:
    """A client that flushes in a loop must not make the daemon grow; old ends become restarts."""
    first = journal.token
    for number in range(1000):
        last = journal.token
        journal.restart(f"{number:016x}", "flush")

    assert journal.since(first) == "restart"
    assert journal.since(last) == "flush"
    assert len(journal._ended) <= 16


def test_the_number_of_paths_is_bounded() -> None:
    """Memory is bounded by distinct paths, whatever happens in the tree."""
    journal = Journal(SESSION, keep=100)

    for number in range(1000):
        journal.record([b"%d" % number])

    assert len(journal) <= 100


def test_a_report_larger_than_the_bound_is_cut_as_well() -> None:
    """A checkout may report a million paths at a time."""
    journal = Journal(SESSION, keep=100)
    token = journal.token

    journal.record(b"%d" % number for number in range(1000))

    assert len(journal) <= 100
    assert journal.since(token) == "token-too-old"
    assert journal.since(journal.token) == []


def test_a_token_older_than_what_was_dropped_is_too_old() -> None:
    """What fell off may be what this client missed."""
    journal = Journal(SESSION, keep=4)
    tokens = [journal.token]
    for number in range(5):
        journal.record([b"%d" % number])
        tokens.append(journal.token)

    answers = [journal.since(token) for token in tokens]

    assert answers == [
        "token-too-old",
        "token-too-old",
        [b"4", b"3", b"2"],
        [b"4", b"3"],
        [b"4"],
        [],
    ]


def test_a_path_that_changes_all_the_time_keeps_no_token_from_being_answered() -> None:
    """Only distinct paths count against the bound, not changes."""
    journal = Journal(SESSION, keep=4)
    token = journal.token

    for _ in range(1000):
        journal.record([b"a", b"b"])

    assert journal.since(token) == [b"b", b"a"]


def test_what_was_dropped_in_an_old_session_makes_no_token_of_a_new_one_too_old() -> None:
    """Its sequence goes on where the old one's ended."""
    journal = Journal(SESSION, keep=2)
    for number in range(10):
        journal.record([b"%d" % number])
    journal.restart(OTHER, "flush")
    token = journal.token

    journal.record([b"new"])

    assert journal.since(token) == [b"new"]


@pytest.mark.parametrize("changed", [0, 1, 2, 15, 16, 17, 100])
def test_a_query_touches_as_many_entries_as_it_answers(journal: Journal, changed: int) -> None:
    """A journal with half a million paths answers a young token as fast as an empty one."""
    touched: list[object] = []

    class Counting(dict[bytes, int]):
        def __reversed__(self) -> Iterator[bytes]:
            return reversed(Backwards(list(self)))

        def values(self) -> Any:  # what the journal needs of it: to go backwards
            return Backwards([self[path] for path in self])

        def items(self) -> Any:
            return Backwards([(path, self[path]) for path in self])

    class Backwards(list[Any]):
        def __reversed__(self) -> Iterator[Any]:
            for each in self[::-1]:
                touched.append(each)
                yield each

    journal.record(b"%d" % number for number in range(10_000))
    token = journal.token
    names = [b"x%d" % number for number in range(changed)]
    journal.record(names)
    journal._sequences = Counting(journal._sequences)

    answer = journal.since(token)

    assert answer == names[::-1]
    assert touched or not changed
    assert len(touched) < 100 + 4 * changed  # it takes some at a time, and sees that it may stop


def test_a_token_that_is_handed_out_is_a_settled_one(journal: Journal) -> None:
    """What is recorded since then is told to who has it."""
    journal.record([b"before"])
    journal.settle()
    journal.record([b"D/"])

    assert journal.settled == Token(SESSION, 1)
    assert journal.since(journal.settled) == [b"D/"]
    journal.settle()
    assert journal.settled is journal.token


def test_what_is_not_settled_is_told_in_the_next_session_too(journal: Journal) -> None:
    """A new session begins at any time."""
    journal.record([b"D/"])
    journal.restart(OTHER, "flush")

    assert journal.settled == Token(OTHER, 0)
    assert journal.since(journal.settled) == [b"D/"]


def test_a_settled_history_is_so_in_the_next_session(journal: Journal) -> None:
    """Who has its newest token is answered fastest."""
    journal.record([b"before"])
    journal.settle()

    journal.restart(OTHER, "flush")

    assert journal.settled is journal.token


def test_what_is_void_is_so_for_the_tokens_until_then(journal: Journal) -> None:
    """Those from then on are as good as any."""
    journal.record([b"before"])
    token = journal.token
    journal.void("degraded")
    later = journal.token
    journal.record([b"after"])

    assert journal.since(token) == "degraded"
    assert journal.since(later) == [b"after"]
    assert journal.after(token.sequence) == [b"after"]
