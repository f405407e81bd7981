"""The text of a daemon's status, whatever daemon sent it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsmond.screen.status_text import format_status, number

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = (
    "version root pid uptime_seconds directories coverage advice unreadable state events queries "
    "everything resynced resyncs socket log last_error"
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES.split(), anything)))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_any_object_becomes_printable_lines(status: dict[str, object]) -> None:
    """Another program may have answered, or another version."""
    for line in format_status(status).split("\n"):
        assert line.isprintable()


@pytest.mark.parametrize(
    ("paths", "line"),
    [
        (["secret/"], "unreadable   secret/: in each answer"),
        (list("abcdefg"), "unreadable   a, b, c, d, e and 2 more: in each answer"),
        (["a\x1b[2J"], r"unreadable   a\x1b[2J: in each answer"),
    ],
)
def test_unreadable_directories_are_named(paths: list[str], line: str) -> None:
    """They are part of every answer, and this shows why."""
    assert any(each.startswith(line) for each in format_status({"unreadable": paths}).splitlines())
    assert "unreadable" not in format_status({"unreadable": []})


@pytest.mark.parametrize("value", [None, "7", [], float("nan"), float("inf"), 10**400])
def test_an_invalid_number_becomes_an_integer(value: object) -> None:
    """The callers calculate with it."""
    assert isinstance(number({"x": value}, "x"), int)
