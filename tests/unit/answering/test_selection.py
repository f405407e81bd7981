"""Tests for fsmond.answering.selection."""

import pytest

from fsmond.answering import selection
from fsmond.answering.ignored import Ignored
from fsmond.answering.questions import Wanted
from fsmond.answering.selection import Selections, without_placeholders
from fsmond.filters.patterns import PatternError


def no_rules() -> Ignored:
    """Fail: nobody asked for rules."""
    raise AssertionError


def test_what_is_not_limited_is_selected_whole() -> None:
    """Most clients want all."""
    everything = Selections(no_rules).of(Wanted())

    assert everything.select([b"a", b"b/"], 0) == [b"a", b"b/"]
    assert not everything.needs_rules


def test_the_same_wish_is_read_once() -> None:
    """A thousand clients with the same filters cost one."""
    selections = Selections(no_rules)

    assert selections.of(Wanted(("*.c",))) is selections.of(Wanted(("*.c",)))
    assert selections.of(Wanted(("*.c",))).select([b"a.c", b"a.o"], 0) == [b"a.c"]


def test_a_bad_pattern_is_not_kept() -> None:
    """It is an error each time."""
    selections = Selections(no_rules)
    for _ in range(2):
        with pytest.raises(PatternError):
            selections.of(Wanted(("[",)))


def test_selections_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may have a thousand patterns."""
    monkeypatch.setattr(selection, "_MAX_KEPT", 20)
    selections = Selections(no_rules)
    for number in range(100):
        selections.of(Wanted((f"{number}", "a", "b")))

    assert len(selections._made) < 10


def test_names_that_stand_for_unknown_ones_are_for_git_alone() -> None:
    """There is no such file."""
    assert without_placeholders([b"a/.fsmond", b".fsmond", b"a/", b"x.fsmond"]) == [
        b"a/",
        b"x.fsmond",
    ]
