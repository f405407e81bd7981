"""A daemon's status, for people: whoever told it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fsmond.cli.telling import described, number

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
def test_any_object_is_told_in_lines_that_a_terminal_may_have(told: dict[str, object]) -> None:
    """Another program may have answered, or another version."""
    for line in described(told).split("\n"):
        assert line.isprintable()


@pytest.mark.parametrize(
    ("paths", "line"),
    [
        (["secret/"], "unreadable   secret/: in each answer"),
        (list("abcdefg"), "unreadable   a, b, c, d, e and 2 more: in each answer"),
        (["a\x1b[2J"], r"unreadable   a\x1b[2J: in each answer"),
    ],
)
def test_directories_that_may_not_be_read_are_named(paths: list[str], line: str) -> None:
    """They are part of every answer, and somebody wonders why."""
    assert any(each.startswith(line) for each in described({"unreadable": paths}).splitlines())
    assert "unreadable" not in described({"unreadable": []})


@pytest.mark.parametrize("value", [None, "7", [], float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_none(value: object) -> None:
    """It is counted with."""
    assert isinstance(number({"x": value}, "x"), int)
