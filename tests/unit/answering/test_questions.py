"""Tests for fsmond.answering.questions."""

import pytest

from fsmond.answering import questions
from fsmond.answering.questions import MAX_WAIT, SETTLE, Wanted


def test_what_is_left_out_has_a_default() -> None:
    """A client says only what it wants otherwise."""
    question = questions.read({"command": "wait"})

    assert question.since is None
    assert (question.timeout, question.settle, question.max_wait) == (None, SETTLE, MAX_WAIT)
    assert question.wanted == Wanted()
    assert not any((question.kinds, question.is_wire, question.confirms))


def test_all_fields_are_read() -> None:
    """Null counts as left out."""
    question = questions.read(
        {
            "cursor": "a.b_c-1",
            "since": None,
            "confirm": True,
            "kinds": True,
            "include": ["a"],
            "exclude": ["b", "c"],
            "gitignore": True,
            "form": "wire",
            "timeout": 0,
            "settle": 0,
            "max_wait": 1e300,
        }
    )

    assert question.cursor == "a.b_c-1"
    assert question.wanted == Wanted(("a",), ("b", "c"), True)
    assert (question.timeout, question.settle) == (0, 0)
    assert question.max_wait <= 1e9
    assert question.kinds
    assert question.is_wire
    assert question.confirms


@pytest.mark.parametrize(
    "request_",
    [
        {"since": 7},
        {"form": "xml"},
        {"kinds": "yes"},
        {"gitignore": 0},
        {"confirm": []},
        {"include": "a"},
        {"exclude": [None]},
        {"timeout": "1"},
        {"timeout": True},
        {"settle": -0.1},
        {"max_wait": float("nan")},
        {"cursor": ""},
        {"cursor": 1},
        {"cursor": "a" * 65},
        {"cursor": "a", "since": "fsmond:0000000000000000:1"},
    ],
    ids=str,
)
def test_what_is_not_valid_is_refused_by_name(request_: dict[str, object]) -> None:
    """With a message of bounded length."""
    with pytest.raises(ValueError, match=next(iter(request_))) as raised:
        questions.read(request_)
    assert len(str(raised.value)) < 250


def test_a_token_may_be_any_text() -> None:
    """What is none is answered with everything."""
    assert questions.since_in({"since": "\udcff"}) == b"\xed\xb3\xbf"
