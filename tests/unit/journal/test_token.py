"""Only what a daemon wrote, byte for byte, is a token."""

import pytest

from fsmond.journal.token import SESSION_DIGITS, Token

SESSION = "0123456789abcdef"


def test_a_token_reads_as_it_was_written() -> None:
    """Clients keep it for days and return it unchanged."""
    token = Token(SESSION, 42)

    written = bytes(token)

    assert written == b"fsmond:0123456789abcdef:42"
    assert Token.parse(written) == token


def test_a_provisional_token_reads_as_it_was_written() -> None:
    """It has one more digit after the session; any other digit is a different session."""
    written = bytes(Token(SESSION, 42, is_provisional=True))

    assert written == b"fsmond:0123456789abcdef0:42"
    assert Token.parse(written) == Token(SESSION, 42, is_provisional=True)
    other = Token.parse(b"fsmond:0123456789abcdef1:42")
    assert other == Token(f"{SESSION}1", 42)
    assert not other.is_genuine


@pytest.mark.parametrize("sequence", [0, 1, 9, 10, 2**63, 10**20 - 1])
def test_a_sequence_may_be_larger_than_any_daemon_reaches(sequence: int) -> None:
    """Integers do not overflow."""
    written = bytes(Token(SESSION, sequence))

    assert Token.parse(written) == Token(SESSION, sequence)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b":",
        b"::",
        b"fsmond",
        b"fsmond:",
        b"fsmond::",
        b"fsmond::1",
        b"fsmond:0123456789abcdef",
        b"fsmond:0123456789abcdef:",
        b"fsmond:0123456789abcdef:x",
        b"fsmond:0123456789abcdef:1:2",
        b"fsmond:0123456789abcdef:-1",
        b"FSMOND:0123456789abcdef:1",
        b"builtin:0123456789abcdef:1",
        b"builtin:fake",
        b"1700000000000000000",
        b"fsmond:not-alphanumeric:1",
        b"fsmond:\xd9\xa1\xd9\xa2:1",
        b"fsmond:0123456789abcdef:1\0",
        b"\0fsmond:0123456789abcdef:1",
        b"fsmond:\0:1",
        b"\xff\xfe\x00",
    ],
)
def test_what_no_daemon_wrote_is_no_token(text: bytes) -> None:
    """Git sends timestamps, tokens of its own daemon, and anything that its index holds."""
    assert Token.parse(text) is None


@pytest.mark.parametrize(
    "digits", [b"01", b"00", b"+1", b" 1", b"1 ", b"1_0", b"1\n", b"0x1", "\u0661".encode()]
)
def test_a_number_has_only_one_spelling(digits: bytes) -> None:
    """int() accepts more; then two tokens would stand for one point."""
    assert Token.parse(b"fsmond:0123456789abcdef:" + digits) is None


def test_a_number_longer_than_any_daemon_reaches_is_refused_unread() -> None:
    """To parse a million digits would take a second, and then raise."""
    assert Token.parse(b"fsmond:0123456789abcdef:" + b"1" * 1_000_000) is None


@pytest.mark.parametrize("filler", [b"x", b":", b"\0", b"\xff", b"fsmond:"])
def test_a_mebibyte_of_rubbish_is_no_token(filler: bytes) -> None:
    """Nothing that a client sends may be expensive."""
    assert Token.parse(filler * ((1 << 20) // len(filler))) is None


@pytest.mark.parametrize("session", ["starting", "0123456789ABCDEF", "0123456789abcdeg", "a" * 17])
def test_a_session_that_no_daemon_would_draw_is_not_genuine(session: str) -> None:
    """The hook invents a token while a daemon starts; it must not pass for an older daemon's."""
    token = Token.parse(bytes(Token(session, 0)))

    assert token is not None
    assert not token.is_genuine


def test_a_session_such_as_daemons_draw_is_genuine() -> None:
    """Then the reason is "restart", not "unknown-token"."""
    assert Token("f" * SESSION_DIGITS, 0).is_genuine
