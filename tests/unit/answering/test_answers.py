"""Tests for fsmond.answering.answers."""

import json

from fsmond.answering import answers
from fsmond.answering.answers import Result
from fsmond.monitor.kinds import Change, ChangeKind
from fsmond.protocol import MAX_ANSWER_PATHS

TOKEN = b"fsmond:0123456789abcdef:7"
CHANGES = [
    Change(b"new", ChangeKind.CREATED, "file"),
    Change(b"dir/", ChangeKind.MODIFIED, "directory"),
    Change(b"gone", ChangeKind.DELETED, None),
]


def wire(result: Result, end: bytes = b"") -> bytes:
    """Return an answer in Git's form."""
    return b"".join(answers.wire_pieces(result, end))


def test_git_s_form_is_token_and_paths() -> None:
    """Each with a NUL."""
    assert wire(Result(TOKEN, [b"a", b"b"], None)) == TOKEN + b"\0a\0b\0"
    assert wire(Result(TOKEN, [], None)) == TOKEN + b"\0"
    assert wire(Result(TOKEN, None, "flush"), b"\0") == TOKEN + b"\0/\0flush\0\0"


def test_with_kinds_letters_come_before_each_path() -> None:
    """For the kind and, if something is there, for its type."""
    result = Result(TOKEN, [each.path for each in CHANGES], None, CHANGES)

    assert wire(result) == TOKEN + b"\0Af\0new\0Md\0dir/\0D\0gone\0"


def test_long_answers_come_in_pieces() -> None:
    """So no piece has to be large."""
    paths = [b"%d" % number for number in range(10_000)]

    pieces = list(answers.wire_pieces(Result(TOKEN, paths, None), b"\0"))

    assert len(pieces) > 1
    assert b"".join(pieces) == b"\0".join([TOKEN, *paths, b"", b""])


def test_json_has_changes_instead_of_paths() -> None:
    """Names that are no UTF-8 have surrogate escapes."""
    result = Result(TOKEN, [b"\xff"], None, [Change(b"\xff", ChangeKind.CREATED, "other")])

    found = json.loads(b"".join(answers.json_pieces(result, b"\n")))

    assert found == {
        "token": TOKEN.decode(),
        "everything": False,
        "reason": None,
        "changes": [{"path": "\udcff", "kind": "created", "type": "other"}],
    }


def test_an_answer_that_is_too_large_is_everything() -> None:
    """Clients have limits."""
    paths = [b"a"] * (MAX_ANSWER_PATHS + 1)

    result = answers.bounded(Result(TOKEN, paths, None))

    assert (result.paths, result.reason) == (None, "token-too-old")
    assert answers.bounded(Result(TOKEN, paths[:5000], None)).paths is not None


def test_everything_is_not_nothing() -> None:
    """Only an answer without paths is empty."""
    assert Result(TOKEN, [], None).is_empty
    assert not Result(TOKEN, None, "flush").is_empty
    assert not Result(TOKEN, [b"a"], None).is_empty
