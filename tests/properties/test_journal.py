"""The journal and its tokens, over random changes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fsmond.journal.history import Journal
from fsmond.journal.token import Token

SESSION = "0123456789abcdef"

# The same examples each time: a test that fails today but not tomorrow is of no use.
steadily = settings(derandomize=True, deadline=None, max_examples=200)

batches = st.lists(st.lists(st.sampled_from([b"a", b"b", b"c/", b"c/d", b"e", b"f"])), max_size=30)
likely_tokens = st.builds(
    b"%b%b:%b:%b".__mod__,
    st.tuples(
        st.sampled_from([b"", b"", b"\0", b" "]),
        st.sampled_from([b"fsmond", b"fsmond", b"builtin", b""]),
        st.sampled_from([b"0123456789abcdef", b"x", b"", b"-", b"\xd9\xa1"]),
        st.one_of(
            st.integers(-2, 10**22).map(b"%d".__mod__), st.sampled_from([b"01", b"+1", b"1\n"])
        ),
    ),
)


class Model:
    """A journal as simple as possible, if memory and time cost nothing."""

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes]] = []
        self.sequence = 0

    def record(self, paths: list[bytes]) -> None:
        self.sequence += 1
        self.records += [(self.sequence, path) for path in paths]

    def since(self, sequence: int) -> list[bytes]:
        """Return the distinct paths after `sequence`, by their last change, newest first."""
        newest_first = [path for at, path in reversed(self.records) if at > sequence]
        return list(dict.fromkeys(newest_first))


@given(batches)
@steadily
def test_each_token_is_answered_as_a_list_of_all_changes_would(reports: list[list[bytes]]) -> None:
    """Newest first, no duplicates, nothing missing: the model has that by construction."""
    journal, model = Journal(SESSION), Model()
    for paths in reports:
        journal.record(paths)
        model.record(paths)

    for sequence in range(model.sequence + 1):
        assert journal.since(Token(SESSION, sequence)) == model.since(sequence)


@given(batches, st.integers(1, 5))
@steadily
def test_a_bounded_journal_reports_everything_or_says_that_it_cannot(
    reports: list[list[bytes]], keep: int
) -> None:
    """A dropped change is never silently missing from an answer."""
    journal, model = Journal(SESSION, keep=keep), Model()
    for paths in reports:
        journal.record(paths)
        model.record(paths)
        assert len(journal) <= keep

    answers = [journal.since(Token(SESSION, at)) for at in range(model.sequence + 1)]

    answered = [at for at, answer in enumerate(answers) if answer != "token-too-old"]
    assert answered == list(range(answered[0], model.sequence + 1))
    assert all(answers[at] == model.since(at) for at in answered)


@given(st.lists(st.one_of(st.sampled_from([b"a", b"b", b"c"]), st.none()), max_size=40))
@steadily
def test_a_token_is_answered_only_in_its_own_session(steps: list[bytes | None]) -> None:
    """None stands for a flush; changes before and after one never mix."""
    journal = Journal(f"{0:016x}")
    tokens = [journal.token]
    for number, step in enumerate(steps, 1):
        if step is None:
            journal.restart(f"{number:016x}", "flush")
        else:
            journal.record([step])
        tokens.append(journal.token)

    for at, token in enumerate(tokens):
        after = steps[at:]
        answer = journal.since(token)
        if None in after:
            assert answer in ("flush", "restart")
        else:
            assert answer == list(dict.fromkeys(reversed(after)))


@given(st.one_of(st.binary(), likely_tokens))
@steadily
def test_any_bytes_are_no_token_or_one_that_is_written_the_same(text: bytes) -> None:
    """A token has only one spelling."""
    token = Token.parse(text)

    assert token is None or bytes(token) == text


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 10**20 - 1), batches)
@steadily
def test_every_token_a_journal_gives_out_is_read_back(
    session: str, sequence: int, reports: list[list[bytes]]
) -> None:
    """A client returns it unchanged."""
    journal = Journal(session)
    for paths in reports:
        journal.record(paths)

    for token in (journal.token, Token(session, sequence)):
        assert Token.parse(bytes(token)) == token
        assert token.is_genuine
