"""A journal that continues a stored one: which tokens from before are valid, and what they get."""

import pytest

from fsmond.journal.history import _EARLIER, _ENDED, Journal, Summary
from fsmond.journal.token import Token

FIRST, SECOND, THIRD, FLUSHED = (f"{number:016x}" for number in range(1, 5))
LATER = 1000  # the sequence at which the next process begins


def stored(journal: Journal) -> tuple[Summary, dict[bytes, int], dict[bytes, int]]:
    """Return what is stored of a journal, as it is read again."""
    paths, sequences, lifetimes = journal.entries_after(-1)
    oldest_first = dict(zip(reversed(paths), reversed(sequences), strict=True))
    return journal.summary(), oldest_first, dict(zip(paths, lifetimes, strict=True))


def continued(before: Journal, session: str, first: int, keep: int = 500_000) -> Journal:
    """Return the journal of the next process, with the history of the one before."""
    journal = Journal(session, first=first, keep=keep)
    journal.restore(*stored(before))
    return journal


@pytest.fixture
def before() -> Journal:
    """Return the journal of a process that ended."""
    journal = Journal(FIRST)
    for path in (b"a", b"b", b"c"):
        journal.record([path])
    return journal


def test_tokens_from_before_are_valid(before: Journal) -> None:
    """They get what had been reported after them, and what is reported now."""
    journal = continued(before, SECOND, LATER)
    journal.record([b"new"])

    answers = [journal.since(Token(FIRST, sequence)) for sequence in range(4)]

    assert answers == [
        [b"new", b"c", b"b", b"a"],
        [b"new", b"c", b"b"],
        [b"new", b"c"],
        [b"new"],
    ]


def test_a_token_that_is_newer_than_what_was_stored_is_not_valid(before: Journal) -> None:
    """What was reported until then is not known any longer."""
    journal = continued(before, SECOND, LATER)

    assert journal.since(Token(FIRST, before.token.sequence + 1)) == "restart"
    assert not journal.is_earlier(Token(FIRST, before.token.sequence + 1))
    assert journal.is_earlier(before.token)


def test_nothing_changed_is_an_empty_answer(before: Journal) -> None:
    """A token of the newest point misses nothing."""
    assert continued(before, SECOND, LATER).since(before.token) == []


def test_a_token_of_an_unknown_session_is_not_valid(before: Journal) -> None:
    """Whatever its sequence is: its history was not stored."""
    journal = continued(before, SECOND, LATER)

    assert journal.since(Token(THIRD, 1)) == "restart"
    assert journal.since(Token("x", 1)) == "unknown-token"


def test_own_tokens_are_valid(before: Journal) -> None:
    """Also those that were issued before the stored history was loaded."""
    journal = Journal(SECOND, first=LATER)
    token = journal.token
    journal.record([b"early"])
    journal.restore(*stored(before))

    assert journal.since(token) == [b"early"]


def test_several_restarts_follow_each_other(before: Journal) -> None:
    """A client may sleep for weeks."""
    second = continued(before, SECOND, LATER)
    second.record([b"a", b"d"])
    third = continued(second, THIRD, 2 * LATER)
    third.record([b"e"])

    assert third.since(Token(FIRST, 1)) == [b"e", b"d", b"a", b"c", b"b"]
    assert third.since(before.token) == [b"e", b"d", b"a"]
    assert third.since(second.token) == [b"e"]
    assert third.since(Token(FIRST, 4)) == "restart"
    assert third.since(Token(SECOND, second.token.sequence + 1)) == "restart"


@pytest.mark.parametrize("reason", ["flush", "overflow", "degraded"])
def test_a_new_session_ends_the_earlier_ones_with_its_reason(before: Journal, reason: str) -> None:
    """A flush invalidates all tokens, also those from before."""
    journal = continued(before, SECOND, LATER)
    token = journal.token
    journal.restart(FLUSHED, reason)

    assert journal.since(before.token) == journal.since(token) == reason
    assert not journal.is_earlier(before.token)
    assert journal.summary().earlier == {}


def test_why_sessions_ended_is_remembered_after_a_restart(before: Journal) -> None:
    """A token from before a flush stays invalid, and the client learns why."""
    token = before.token
    before.restart(FLUSHED, "flush")
    journal = continued(before, SECOND, LATER)

    assert journal.since(token) == "flush"
    assert journal.since(Token(FLUSHED, token.sequence)) == []


def test_what_was_dropped_stays_unknown_after_a_restart() -> None:
    """Else an answer would lack the dropped paths."""
    before = Journal(FIRST, keep=4)
    for number in range(20):
        before.record([b"%d" % number])
    forgotten = before.summary().forgotten
    journal = continued(before, SECOND, LATER, keep=4)

    assert forgotten > 0
    assert journal.since(Token(FIRST, forgotten - 1)) == "token-too-old"
    assert journal.since(Token(FIRST, forgotten)) == before.since(Token(FIRST, forgotten))


def test_voided_tokens_stay_void_after_a_restart(before: Journal) -> None:
    """Anything may have changed after them."""
    token = before.token
    before.void("degraded")
    later = before.token
    journal = continued(before, SECOND, LATER)

    assert journal.since(token) == "degraded"
    assert journal.since(later) == []


def test_the_newer_of_two_voids_counts(before: Journal) -> None:
    """One from before must not hide one of this process."""
    before.void("old")
    journal = Journal(SECOND, first=LATER)
    journal.void("new")
    journal.restore(*stored(before))

    assert journal.since(before.token) == "new"
    assert journal.since(journal.token) == []


@pytest.mark.parametrize("first", [0, 2, 3])
def test_a_history_that_does_not_lie_before_is_refused(before: Journal, first: int) -> None:
    """Its sequences would name other points; the clock that they begin with was set back."""
    journal = Journal(SECOND, first=first)

    with pytest.raises(ValueError, match=r"not below"):
        journal.restore(*stored(before))

    assert journal.summary() == Summary(SECOND, first, 0, 0, "", {}, {})
    assert len(journal) == 0


def test_a_history_that_lies_just_before_is_accepted(before: Journal) -> None:
    """A restart may be quick."""
    journal = continued(before, SECOND, before.token.sequence + 1)

    assert journal.since(before.token) == []


def test_recent_changes_come_after_stored_ones(before: Journal) -> None:
    """A path that changed in both counts as changed now."""
    journal = Journal(SECOND, first=LATER)
    token = journal.token
    journal.record([b"b", b"early"])
    journal.restore(*stored(before))
    journal.record([b"late"])

    assert journal.since(Token(FIRST, 0)) == [b"late", b"early", b"b", b"c", b"a"]
    assert journal.since(token) == [b"late", b"early", b"b"]
    assert len(journal) == 5


def test_the_number_of_paths_is_bounded_after_a_restart() -> None:
    """Two histories together may have more than one may."""
    before = Journal(FIRST)
    before.record(b"old %d" % number for number in range(80))
    token = before.token
    journal = Journal(SECOND, first=LATER, keep=100)
    journal.record(b"new %d" % number for number in range(80))
    newest = journal.token
    journal.restore(*stored(before))

    assert len(journal) <= 100
    assert journal.since(Token(FIRST, 0)) == "token-too-old"
    assert journal.since(newest) == []
    answer = journal.since(token)
    assert isinstance(answer, str) or len(answer) == 80


def test_earlier_sessions_are_bounded_in_number() -> None:
    """Each restart adds one; the tokens of the oldest are answered with "restart"."""
    journal = Journal(FIRST)
    tokens = [journal.token]
    for number in range(_EARLIER + 20):
        journal = continued(journal, f"{number + 10:016x}", journal.token.sequence + 1)
        tokens.append(journal.token)

    assert len(journal.summary().earlier) == _EARLIER
    assert journal.since(tokens[0]) == "restart"
    assert journal.since(tokens[-1 - _EARLIER]) == []


def test_ended_sessions_are_bounded_in_number_after_restarts() -> None:
    """Each process may lose events before it has loaded the history."""
    before = Journal(FIRST)
    for number in range(100):
        journal = Journal(f"{2 * number:016x}", first=before.token.sequence + 1)
        journal.restart(f"{2 * number + 1:016x}", "overflow")
        journal.restore(*stored(before))
        before = journal

    assert len(before.summary().ended) <= _ENDED


def test_what_is_new_can_be_stored_alone(before: Journal) -> None:
    """Else each write would cost as much as the whole history."""
    token = before.token
    before.record([b"a", b"d"])

    assert before.entries_after(token.sequence) == ([b"d", b"a"], [4, 4], [0, 0])
    assert before.entries_after(before.token.sequence) == ([], [], [])
    assert before.entries_after(-1)[:2] == ([b"d", b"a", b"c", b"b"], [4, 4, 3, 2])


def test_what_is_known_of_when_a_path_came_into_being_is_stored(before: Journal) -> None:
    """After a restart a created path is told from a modified one as before."""
    token = before.token
    before.record([b"new", b"gone"])
    before.lifetimes.begin(b"new", before.token.sequence)
    before.lifetimes.end(b"gone", before.token.sequence)

    after = continued(before, SECOND, LATER)

    assert after.lifetimes.began_after(b"new", token.sequence)
    assert not after.lifetimes.began_after(b"new", token.sequence + 1)
    assert after.lifetimes.is_gone(b"gone")


def test_a_summary_does_not_change_with_the_journal(before: Journal) -> None:
    """It is written by another thread, without the lock."""
    journal = continued(before, SECOND, LATER)
    summary = journal.summary()
    copy = Summary(*summary[:5], dict(summary.ended), dict(summary.earlier))
    journal.record([b"x"])
    journal.restart(FLUSHED, "flush")

    assert summary == copy
