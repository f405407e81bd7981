"""The journal: which paths changed since a point in the history, or why that is unknown."""

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
    """The first client gets a token to start from, and nothing changed after it."""
    assert journal.token == Token(SESSION, 0)
    assert journal.since(journal.token) == []
    assert len(journal) == 0


def test_what_changed_after_a_token_is_reported(journal: Journal) -> None:
    """What changed before is not: the client knows that already."""
    journal.record([b"before"])
    token = journal.token

    journal.record([b"after"])

    assert journal.since(token) == [b"after"]


def test_the_newest_change_comes_first(journal: Journal) -> None:
    """To walk back from the newest makes a query as cheap as its answer."""
    token = journal.token
    for path in (b"one", b"two", b"three"):
        journal.record([path])

    assert journal.since(token) == [b"three", b"two", b"one"]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 49, 50, 51, 99, 100])
def test_any_share_of_all_paths_can_be_asked_for(journal: Journal, count: int) -> None:
    """However it is read: one by one, from the end, or all at once."""
    paths = [b"%d" % number for number in range(100)]
    for path in paths[: 100 - count]:
        journal.record([path])
    token = journal.token
    journal.record(paths[100 - count :])

    assert journal.since(token) == paths[100 - count :][::-1]


def test_a_path_that_changes_again_is_reported_once(journal: Journal) -> None:
    """A build writes the same files all day long; an answer must not grow with that."""
    token = journal.token
    journal.record([b"often", b"seldom"])
    for _ in range(100):
        journal.record([b"often"])

    assert journal.since(token) == [b"often", b"seldom"]
    assert len(journal) == 2


def test_a_path_named_twice_in_one_report_is_reported_once(journal: Journal) -> None:
    """The kernel sends one event each for create, write and close."""
    token = journal.token

    journal.record([b"same", b"other", b"same"])

    assert journal.since(token) == [b"same", b"other"]


def test_each_client_gets_what_changed_since_its_own_token(journal: Journal) -> None:
    """Clients with older and newer tokens do not take changes away from each other."""
    tokens = [journal.token]
    for path in (b"a", b"b", b"a"):
        journal.record([path])
        tokens.append(journal.token)

    answers = [journal.since(token) for token in tokens]

    assert answers == [[b"a", b"b"], [b"a", b"b"], [b"a"], []]


def test_an_empty_report_leaves_older_tokens_valid(journal: Journal) -> None:
    """A batch of events may hold only excluded paths."""
    token = journal.token

    journal.record([])

    assert journal.since(token) == []


def test_a_token_from_the_future_is_unknown(journal: Journal) -> None:
    """To call it up to date would hide every change until the sequence reaches it."""
    journal.record([b"path"])

    assert journal.since(Token(SESSION, 2)) == "unknown-token"


@pytest.mark.parametrize("session", ["starting", "x", "0" * 100_000])
def test_a_session_that_no_daemon_had_is_unknown(journal: Journal, session: str) -> None:
    """Git's user or the hook made it up."""
    assert journal.since(Token(session, 0)) == "unknown-token"


def test_another_daemons_session_means_that_it_was_restarted(journal: Journal) -> None:
    """The reason shows people that Git checked everything because of a restart."""
    assert journal.since(Token(OTHER, 7)) == "restart"


@pytest.mark.parametrize("reason", ["flush", "overflow", "sync-timeout", "degraded"])
def test_a_token_of_an_ended_session_is_answered_with_the_reason_of_its_end(
    journal: Journal, reason: str
) -> None:
    """Not with unknown-token."""
    journal.record([b"path"])
    token = journal.token

    journal.restart(OTHER, reason)

    assert journal.since(token) == reason
    assert journal.token == Token(OTHER, 1)


def test_after_a_restart_older_changes_are_not_reported(journal: Journal) -> None:
    """A client with a token of the new session knows them already."""
    journal.record([b"before"])
    journal.restart(OTHER, "flush")
    token = journal.token

    journal.record([b"after"])

    assert journal.since(token) == [b"after"]


def test_each_of_two_ended_sessions_has_its_own_reason(journal: Journal) -> None:
    """A client that missed a flush and an overflow learns why its own session ended."""
    first = journal.token
    journal.restart(OTHER, "flush")
    second = journal.token
    journal.restart("0" * 16, "overflow")

    assert (journal.since(first), journal.since(second)) == ("flush", "overflow")


def test_reasons_are_remembered_in_bounded_number(journal: Journal) -> None:
    """A client may flush in a loop; the oldest ended sessions are answered with "restart"."""
    first = journal.token
    for number in range(1000):
        last = journal.token
        journal.restart(f"{number:016x}", "flush")

    assert journal.since(first) == "restart"
    assert journal.since(last) == "flush"
    assert len(journal._ended) <= 16


def test_the_number_of_paths_is_bounded() -> None:
    """Memory is bounded by the number of distinct paths."""
    journal = Journal(SESSION, keep=100)

    for number in range(1000):
        journal.record([b"%d" % number])

    assert len(journal) <= 100


def test_a_report_larger_than_the_bound_is_cut_as_well() -> None:
    """A checkout may report a million paths at once."""
    journal = Journal(SESSION, keep=100)
    token = journal.token

    journal.record(b"%d" % number for number in range(1000))

    assert len(journal) <= 100
    assert journal.since(token) == "token-too-old"
    assert journal.since(journal.token) == []


def test_a_token_older_than_what_was_dropped_is_too_old() -> None:
    """The dropped paths may have changed after it."""
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
    """Distinct paths count towards the bound, not changes."""
    journal = Journal(SESSION, keep=4)
    token = journal.token

    for _ in range(1000):
        journal.record([b"a", b"b"])

    assert journal.since(token) == [b"b", b"a"]


def test_what_was_dropped_in_an_old_session_does_not_affect_tokens_of_a_new_one() -> None:
    """The new sequence continues the old one."""
    journal = Journal(SESSION, keep=2)
    for number in range(10):
        journal.record([b"%d" % number])
    journal.restart(OTHER, "flush")
    token = journal.token

    journal.record([b"new"])

    assert journal.since(token) == [b"new"]


@pytest.mark.parametrize("changed", [0, 1, 2, 15, 16, 17, 100])
def test_a_query_reads_as_many_entries_as_it_returns(journal: Journal, changed: int) -> None:
    """A journal with half a million paths answers a new token as fast as an empty one."""
    read: list[object] = []

    class Counting(dict[bytes, int]):
        def __reversed__(self) -> Iterator[bytes]:
            return reversed(Backwards(list(self)))

        def values(self) -> Any:  # the journal needs only to go backwards
            return Backwards([self[path] for path in self])

        def items(self) -> Any:
            return Backwards([(path, self[path]) for path in self])

    class Backwards(list[Any]):
        def __reversed__(self) -> Iterator[Any]:
            for each in self[::-1]:
                read.append(each)
                yield each

    journal.record(b"%d" % number for number in range(10_000))
    token = journal.token
    names = [b"x%d" % number for number in range(changed)]
    journal.record(names)
    journal._sequences = Counting(journal._sequences)

    answer = journal.since(token)

    assert answer == names[::-1]
    assert read or not changed
    assert len(read) < 100 + 4 * changed  # it reads in slices, and a few more to see where to stop


def test_changes_after_the_settled_token_are_reported_with_it(journal: Journal) -> None:
    """Only settled tokens are handed out."""
    journal.record([b"before"])
    journal.settle()
    journal.record([b"D/"])

    assert journal.settled == Token(SESSION, 1)
    assert journal.since(journal.settled) == [b"D/"]
    journal.settle()
    assert journal.settled is journal.token


def test_what_is_not_settled_is_reported_in_the_next_session_too(journal: Journal) -> None:
    """A new session may begin at any time."""
    journal.record([b"D/"])
    journal.restart(OTHER, "flush")

    assert journal.settled == Token(OTHER, 0)
    assert journal.since(journal.settled) == [b"D/"]


def test_a_settled_history_stays_settled_in_the_next_session(journal: Journal) -> None:
    """A query with the newest token is answered fastest."""
    journal.record([b"before"])
    journal.settle()

    journal.restart(OTHER, "flush")

    assert journal.settled is journal.token


def test_voiding_affects_older_tokens_only(journal: Journal) -> None:
    """Newer tokens are answered as usual."""
    journal.record([b"before"])
    token = journal.token
    journal.void("degraded")
    later = journal.token
    journal.record([b"after"])

    assert journal.since(token) == "degraded"
    assert journal.since(later) == [b"after"]
    assert journal.after(token.sequence) == [b"after"]
