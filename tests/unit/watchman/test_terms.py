"""An expression selects what its documentation says; no files and no server are needed."""

import stat
from typing import Any

import pytest

from fsmond.watchman.errors import CommandError
from fsmond.watchman.query.terms import MAX_DEPTH, Options, predicate_for
from fsmond.watchman.trees.clocks import Since
from fsmond.watchman.trees.entry import Entry

FILE = Entry(b"sub/a.JS", True, stat.S_IFREG, 10, 2 * 10**9, 3 * 10**9, 1, 1, 1, 0, 0, 20, 10)


class Ticks:
    """Knows one clock, of which nothing but its tick matters here."""

    def __init__(self, tick: int | None) -> None:
        self._tick = tick

    def tick(self, since: Since) -> int | None:
        """See Context."""
        assert since.cursor is None
        return self._tick


def selects(expression: object, entry: Entry = FILE, tick: int | None = 15, **options: Any) -> bool:
    """Return whether a file is selected."""
    predicate = predicate_for(expression, Options(b"/", options.get("case_sensitive", True)))
    return bool(predicate(entry.path, entry, Ticks(tick)))


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        ["true"],
        ["not", "false"],
        ["allof"],
        ["allof", "true", "true", "true"],
        ["anyof", "false", "true"],
        "exists",
        ["type", "f"],
        ["suffix", "js"],
        ["suffix", ["txt", "Js"]],
        ["name", "a.JS"],
        ["name", ["x", "sub/a.JS"], "wholename"],
        ["iname", "A.js"],
        ["match", "*.JS"],
        ["match", "**/*.JS", "wholename"],
        ["imatch", "*.js"],
        ["pcre", "^a"],
        ["ipcre", "js$", "wholename"],
        ["dirname", "sub"],
        ["dirname", "sub", ["depth", "eq", 0]],
        ["dirname", ""],
        ["idirname", "SUB"],
        ["size", "eq", 10],
        ["size", "lt", 11],
        ["since", "c:1:2:3:4"],
        ["since", 1, "mtime"],
        ["since", 2, "ctime"],
    ],
    ids=str,
)
def test_a_file_is_selected(expression: object) -> None:
    """And what is selected is not selected by the opposite."""
    assert selects(expression)
    assert not selects(["not", expression])


@pytest.mark.parametrize(
    "expression",
    [
        ["anyof"],
        ["allof", "true", "false"],
        ["type", "d"],
        ["suffix", "j"],
        ["name", "a.js"],
        ["name", "a.JS", "wholename"],
        ["match", "*.js"],
        ["match", "*.JS", "wholename"],
        ["pcre", "^A"],
        ["dirname", "su"],
        ["dirname", "SUB"],
        ["dirname", "sub", ["depth", "gt", 0]],
        ["size", "gt", 10],
        "empty",
        ["since", "c:1:2:3:4", "cclock"],
        ["since", 2, "mtime"],
    ],
    ids=str,
)
def test_a_file_is_not_selected(expression: object) -> None:
    """It is written otherwise, or is otherwise."""
    assert not selects(expression)


def test_case_counts_as_the_query_says() -> None:
    """Also for terms whose names begin with no `i`."""
    assert selects(["name", "A.js"], case_sensitive=False)
    assert selects(["match", "*.js"], case_sensitive=False)
    assert selects(["pcre", "A"], case_sensitive=False)
    assert selects(["dirname", "SUB"], case_sensitive=False)
    umlaut = FILE._replace(path="Ärger".encode())
    assert selects(["iname", "ärger"], umlaut)


def test_what_is_gone_is_selected_by_what_it_was() -> None:
    """But it does not exist, is not empty, and has no size."""
    gone = FILE._replace(exists=False, size=0)

    assert selects(["type", "f"], gone)
    assert selects(["since", "c:1:2:3:4"], gone)
    for term in ("exists", "empty", ["size", "eq", 0]):
        assert not selects(term, gone)


def test_since_a_clock_that_is_not_known_all_that_is_there_has_changed() -> None:
    """Nothing is left out because it cannot be known."""
    assert selects(["since", "c:0:0"], tick=None)
    assert not selects(["since", "c:0:0"], FILE._replace(exists=False), tick=None)


@pytest.mark.parametrize(
    "expression",
    [
        [],
        {},
        5,
        None,
        ["nope"],
        [["type", "f"]],
        ["not"],
        ["not", "true", "true"],
        ["type"],
        ["type", "x"],
        ["suffix"],
        ["suffix", 5],
        ["name"],
        ["name", 5],
        ["name", "a", "anywhere"],
        ["name", "a", "basename", "more"],
        ["match", "a", "basename", "more"],
        ["pcre", ["a", "b"]],
        ["pcre", "("],
        ["dirname", "a", ["height", "eq", 0]],
        ["size", "eq"],
        ["size", "equals", 1],
        ["size", "eq", True],
        ["since"],
        ["since", "c:1:2", "mtime"],
        ["since", "c:1:2", "atime"],
    ],
    ids=str,
)
def test_what_is_no_expression_is_an_error(expression: object) -> None:
    """It names the term."""
    with pytest.raises(CommandError, match="failed to parse query"):
        selects(expression)


def test_depth_has_a_limit() -> None:
    """Reading needs no stack, but selecting does."""
    expression: object = "true"
    for _ in range(MAX_DEPTH - 1):
        expression = ["not", expression]
    assert selects(expression) is bool(MAX_DEPTH % 2)

    with pytest.raises(CommandError, match="nested"):
        selects(["not", ["not", expression]])
